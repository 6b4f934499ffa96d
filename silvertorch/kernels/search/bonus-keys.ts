import { NONE_ELIGIBLE } from "../../../src/retrieval/cluster-order.ts";
import { BONUS_STEPS } from "../../eligibility/cluster-bonus.ts";
import { BATCH_WORDS } from "./batch-words.ts";
import { ORDERED_KEYS } from "./ordered-keys.ts";
import { affinityWords, type SearchShape } from "./search-shape.ts";

const THREADS = 64;

/** Stands for a request to whose lists nothing is added. */
export const NO_BONUS_ROW = 0xffff_ffff;

/** Words of a row of bonuses: four codes each. */
export const bonusWords = (clusters: number): number => affinityWords({ clusters }) / 4;

/**
 * Adds to the keys of filtered lists what the best eligible item of each cluster is expected to have
 * beyond its centroid: spread |q| times the code's deviations (src/retrieval/cluster-order.ts). Moves a
 * byte and twice 4 a list and cluster, so at 1,024 lists and 4,096 clusters 34 MB, most of them still
 * in the cache; run only for batches in which something is added.
 *
 * Bindings: 0 batch, 1 queries f32 [lists, dim], 2 codes of eligibility/cluster-bonus.ts u32 [rows,
 * bonusWords], 3 keys vec4<u32> [lists, affinityWords / 4]. Workgroups: `bonusGrid`.
 *
 * @param spread how far items lie from their centroids.
 */
export function bonusKeysKernel(
  { dim, clusters, heads }: Pick<SearchShape, "dim" | "clusters" | "heads">,
  spread: number,
): string {
  const row = bonusWords(clusters);
  return /* wgsl */ `
${BATCH_WORDS}
${ORDERED_KEYS}
@group(0) @binding(1) var<storage, read> queries: array<f32>;
@group(0) @binding(2) var<storage, read> codes: array<u32>;
@group(0) @binding(3) var<storage, read_write> keys: array<vec4<u32>>;

var<workgroup> squares: array<f32, ${THREADS}>;

fn more(key: u32, deviations: f32, code: u32) -> u32 {
  let bonus = select((f32(code) - 1.0) / ${BONUS_STEPS}.0, f32(${NONE_ELIGIBLE}), code == 0u);
  return key_of(bitcast<f32>(score_bits(key)) + deviations * bonus);
}

@compute @workgroup_size(${THREADS})
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let list = openLists() + group.x;
  let bonus = batch[bonusOf() + list / ${heads}u];
  if (bonus == ${NO_BONUS_ROW}u) { return; }
  var sum = 0.0;
  for (var i = thread; i < ${dim}u; i += ${THREADS}u) {
    let each = queries[list * ${dim}u + i];
    sum += each * each;
  }
  squares[thread] = sum;
  for (var half = ${THREADS / 2}u; half > 0u; half >>= 1u) {
    workgroupBarrier();
    if (thread < half) { squares[thread] += squares[thread + half]; }
  }
  workgroupBarrier();
  let deviations = f32(${spread}) * sqrt(squares[0]);
  let word = group.y * ${THREADS}u + thread;
  if (word >= ${row}u) { return; }
  let four = codes[bonus * ${row}u + word];
  let key = keys[list * ${row}u + word];
  keys[list * ${row}u + word] = vec4<u32>(
    more(key.x, deviations, four & 0xffu),
    more(key.y, deviations, (four >> 8u) & 0xffu),
    more(key.z, deviations, (four >> 16u) & 0xffu),
    more(key.w, deviations, four >> 24u),
  );
}
`;
}

/** @param lists those with a filter. */
export const bonusGrid = (lists: number, clusters: number): [x: number, y: number] => [
  lists,
  Math.ceil(bonusWords(clusters) / THREADS),
];
