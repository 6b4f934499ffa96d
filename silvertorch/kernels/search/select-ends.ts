import { GROUPED, pairText } from "./batch-words.ts";
import { bucketText } from "./group-pairs.ts";
import { affinityWords, type SearchShape } from "./search-shape.ts";
import type { SelectSource, SelectTarget } from "./select-best.ts";

/** Centroids: the best are the clusters that a list looks into. Bindings: keys u32 [lists, affinityWords]. */
export function centroidSource({ clusters }: SearchShape): SelectSource {
  return {
    bindings: "@group(0) @binding(1) var<storage, read> keys: array<vec4<u32>>;",
    nextBinding: 2,
    count: `return ${clusters}u;`,
    keys: `return keys[list * ${affinityWords({ clusters }) / 4}u + n / 4u];`,
    id: "return n;",
  };
}

/**
 * Scanned items: of open lists a key a position of the probed clusters, of others what was found.
 * Bindings: 1 keys u32 [pairs, width], 2 positions u32 likewise, 3 counts u32 [lists],
 * 4 probed u32 [pairs], 5 rows u32 [positions].
 * @param by what an entry's id is: its row, or its position.
 */
export function scanSource(shape: SearchShape, by: "row" | "position"): SelectSource {
  const { clusters, width } = shape;
  return {
    bindings: /* wgsl */ `
${pairText(shape)}
@group(0) @binding(1) var<storage, read> keys: array<vec4<u32>>;
@group(0) @binding(2) var<storage, read> positions: array<u32>;
@group(0) @binding(3) var<storage, read> counts: array<u32>;
@group(0) @binding(4) var<storage, read> probed: array<u32>;
@group(0) @binding(5) var<storage, read> rows: array<u32>;
/** Of the list. */
var<private> pair_before: u32;
fn position_of(list: u32, n: u32) -> u32 {
  if (list >= openLists()) { return positions[pair_before * ${width}u + n]; }
  if (probes() == ${clusters}u) { return n; }
  return probed[pair_before + n / ${width}u] * ${width}u + n % ${width}u;
}`,
    nextBinding: 6,
    begin: "pair_before = first_pair(list);",
    count: `return select(probes_of(list) * ${width}u, counts[list], list >= openLists());`,
    keys: `return keys[(pair_before * ${width}u + n) / 4u];`,
    id:
      by === "row"
        ? "return rows[position_of(list, n)];"
        : // Always true, and keeps the binding.
          "return position_of(list, n) + select(0u, 1u, rows[0] == 0xfffffffeu);",
  };
}

/**
 * Candidates that were scored again. Bindings: 1 keys and 2 positions u32 [lists, candidates],
 * 3 rows u32 [positions].
 */
export const refinedSource: SelectSource = {
  bindings: /* wgsl */ `
@group(0) @binding(1) var<storage, read> keys: array<u32>;
@group(0) @binding(2) var<storage, read> positions: array<u32>;
@group(0) @binding(3) var<storage, read> rows: array<u32>;`,
  nextBinding: 4,
  count: "return candidates();",
  keys: /* wgsl */ `
  let first = list * candidates();
  let last = first + candidates() - 1u;
  let at = min(first + n + vec4<u32>(0u, 1u, 2u, 3u), vec4<u32>(last));
  return vec4<u32>(keys[at.x], keys[at.y], keys[at.z], keys[at.w]);`,
  id: "return rows[min(positions[list * candidates() + n], arrayLength(&rows) - 1u)];",
};

/**
 * Bindings: probed u32 [pairs], and counts u32 [2 x clusters], zeros, where the pairs of each
 * bucket (group-pairs.ts) are counted if they will be sorted; if they are chained, the counts are
 * the chains' ends, and chains u32 [pairs, 2] their links.
 */
export const probesTarget = (shape: Pick<SearchShape, "clusters" | "heads">): SelectTarget => ({
  bindings: (first) => /* wgsl */ `
${pairText(shape)}
@group(0) @binding(${first}) var<storage, read_write> chosen_clusters: array<u32>;
@group(0) @binding(${first + 1}) var<storage, read_write> bucket_counts: array<atomic<u32>>;
@group(0) @binding(${first + 2}) var<storage, read_write> chains: array<u32>;
${bucketText(shape.clusters)}`,
  wanted: "return probes_of(list);",
  emit: /* wgsl */ `
  if (key == NONE) { return; }
  let pair = first_pair(list) + place;
  chosen_clusters[pair] = id;
  if (grouped() == ${GROUPED.sorted}u) { atomicAdd(&bucket_counts[bucket_of(list, id)], 1u); }
  if (grouped() == ${GROUPED.chained}u) {
    chains[2u * pair] = atomicExchange(&bucket_counts[id], pair + 1u);
    chains[2u * pair + 1u] = id;
  }`,
});

/** Bindings: keys and positions u32 [lists, candidates]. */
export const candidatesTarget: SelectTarget = {
  bindings: (first) => /* wgsl */ `
@group(0) @binding(${first}) var<storage, read_write> candidate_keys: array<u32>;
@group(0) @binding(${first + 1}) var<storage, read_write> candidate_positions: array<u32>;`,
  wanted: "return candidates();",
  emit: /* wgsl */ `
  candidate_keys[list * candidates() + place] = key;
  candidate_positions[list * candidates() + place] = id;`,
};

/** Bindings: rows u32 [lists, places] and behind them how many each list has, and scores f32 [lists, places]. */
export const listsTarget: SelectTarget = {
  bindings: (first) => /* wgsl */ `
@group(0) @binding(${first}) var<storage, read_write> list_rows: array<u32>;
@group(0) @binding(${first + 1}) var<storage, read_write> list_scores: array<u32>;`,
  wanted: "return places();",
  emit: /* wgsl */ `
  list_rows[list * places() + place] = id;
  list_scores[list * places() + place] = score_bits(key);`,
  finish: "list_rows[lists() * places() + list] = found;",
};
