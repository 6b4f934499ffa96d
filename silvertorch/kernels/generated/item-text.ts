import {
  SUB_CLUSTERS,
  widthOf,
  type GeneratedItems,
} from "../../../src/retrieval/generated/generated-items.ts";
import {
  SCALE_LEAST,
  SCALE_UNIT,
  SCALE_VALUES,
  SCALE_WORD,
} from "../../../src/retrieval/generated/generated-vectors.ts";
import { ROW_HASH, STREAMS, streamKey } from "../../../src/retrieval/generated/row-hash.ts";

/**
 * WGSL of generated items, the same to the bit as src/retrieval/generated/: `item_key(row)`;
 * `codes_of(row, word) -> vec4<i32>`, four codes; `scale_of(key) -> f32`.
 */
export function itemText(items: GeneratedItems): string {
  const { seed, clusterSpread, itemSpread } = items;
  const key = (stream: number): string => `${streamKey(seed, stream) >>> 0}u`;
  return /* wgsl */ `
${ROW_HASH}
fn item_key(row: u32) -> u32 { return place_key(${key(STREAMS.item)}, row); }

fn numbers(word: u32, values: u32) -> vec4<i32> {
  let bytes = (vec4<u32>(word) >> vec4<u32>(0u, 8u, 16u, 24u)) & vec4<u32>(255u);
  return vec4<i32>((bytes * values) >> vec4<u32>(8u)) - i32(values >> 1u);
}

fn codes_of(row: u32, word: u32) -> vec4<i32> {
  let cluster = row / ${widthOf(items)}u;
  let sub_cluster = cluster * ${SUB_CLUSTERS}u + row % ${SUB_CLUSTERS}u;
  return numbers(nth_word(place_key(${key(STREAMS.cluster)}, cluster), word), ${clusterSpread}u)
    + numbers(nth_word(place_key(${key(STREAMS.subCluster)}, sub_cluster), word), ${itemSpread}u)
    + numbers(nth_word(item_key(row), word), ${itemSpread}u);
}

fn scale_of(key: u32) -> f32 {
  return f32(${SCALE_LEAST}u + (nth_word(key, ${SCALE_WORD}u) & ${SCALE_VALUES - 1}u)) * ${SCALE_UNIT};
}
`;
}
