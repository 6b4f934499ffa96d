import { NO_ROW } from "../../engine/fused/stages.ts";

const THREADS = 64;

/**
 * Puts the items of each head's list and the fresh ones side by side, in any order, for a selection
 * of the best of both: an entry a thread. A fresh item's score is its inner product with the head's
 * query; those that the request may not get are left out. Reads dim x 4 bytes an item and list, from
 * the cache but for the first.
 *
 * Bindings: 0 params u32 [fresh, places, first fresh row, 0], uniform; 1 queries f32 [lists, dim],
 * 2 fresh items f32 [fresh, dim], 3 barred u32 [requests, fresh], 4 list rows u32 and 5 list scores
 * f32 [lists, places], 6 rows u32 and 7 scores f32 [lists, places + fresh], 8 bounds u32 [lists]: how
 * many there are, 0 at first. Workgroups: (tiles of 64 entries, lists).
 */
export function freshCandidatesKernel({
  heads,
  dim,
}: {
  readonly heads: number;
  readonly dim: number;
}): string {
  return /* wgsl */ `
@group(0) @binding(0) var<uniform> params: vec4<u32>;
@group(0) @binding(1) var<storage, read> queries: array<f32>;
@group(0) @binding(2) var<storage, read> items: array<f32>;
@group(0) @binding(3) var<storage, read> barred: array<u32>;
@group(0) @binding(4) var<storage, read> list_rows: array<u32>;
@group(0) @binding(5) var<storage, read> list_scores: array<f32>;
@group(0) @binding(6) var<storage, read_write> rows: array<u32>;
@group(0) @binding(7) var<storage, read_write> scores: array<f32>;
@group(0) @binding(8) var<storage, read_write> bounds: array<atomic<u32>>;

fn put(list: u32, row: u32, score: f32) {
  let at = list * (params.x + params.y) + atomicAdd(&bounds[list], 1u);
  rows[at] = row;
  scores[at] = score;
}

@compute @workgroup_size(${THREADS})
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let fresh = params.x;
  let places = params.y;
  let list = group.y;
  let entry = group.x * ${THREADS}u + thread;
  if (entry >= places + fresh) { return; }
  if (entry < places) {
    let row = list_rows[list * places + entry];
    if (row != ${NO_ROW}u) { put(list, row, list_scores[list * places + entry]); }
    return;
  }
  let item = entry - places;
  if (barred[(list / ${heads}u) * fresh + item] != 0u) { return; }
  var sum = 0.0;
  for (var i = 0u; i < ${dim}u; i++) { sum += queries[list * ${dim}u + i] * items[item * ${dim}u + i]; }
  put(list, params.z + item, sum);
}
`;
}

/** Entries of a workgroup. */
export const FRESH_CANDIDATES_TILE = THREADS;
