import { LINEAR_WORKGROUP } from "../../device/kernel.ts";
import { BATCH_WORDS } from "./batch-words.ts";
import { ORDERED_KEYS } from "./ordered-keys.ts";
import type { SearchShape } from "./search-shape.ts";

const THREADS = 128;
/** Threads that share a candidate: neighbours read neighbouring words of its row. */
const LANES = 8;
const CANDIDATES = THREADS / LANES;

/**
 * Scores candidates again, in full precision: reads 4 x dim bytes a candidate, from a row somewhere.
 *
 * Bindings: 0 batch, 1 queries f32 [lists, dim], 2 items f32 [positions of this part, dim],
 * 3 positions u32 [lists, candidates], 4 keys u32 likewise, 5 part (uniform): first position,
 * positions. Workgroups: linear, `refineGroups`.
 */
export function refineCandidatesKernel({ dim }: Pick<SearchShape, "dim">): string {
  const whole = dim % 4 === 0;
  const loads = whole ? dim / 4 : dim;
  return /* wgsl */ `
${BATCH_WORDS}
${ORDERED_KEYS}
@group(0) @binding(1) var<storage, read> queries: array<${whole ? "vec4<f32>" : "f32"}>;
@group(0) @binding(2) var<storage, read> items: array<${whole ? "vec4<f32>" : "f32"}>;
@group(0) @binding(3) var<storage, read> positions: array<u32>;
@group(0) @binding(4) var<storage, read_write> keys: array<u32>;
@group(0) @binding(5) var<uniform> part: vec4<u32>;

var<workgroup> sums: array<f32, ${THREADS}>;

@compute @workgroup_size(${THREADS})
fn main(
  @builtin(workgroup_id) workgroup: vec3<u32>,
  @builtin(num_workgroups) grid: vec3<u32>,
  @builtin(local_invocation_index) thread: u32,
) {
  let n = (${LINEAR_WORKGROUP}) * ${CANDIDATES}u + thread / ${LANES}u;
  let lane = thread % ${LANES}u;
  var is_here = n < lists() * candidates();
  if (is_here) {
    let position = positions[n];
    is_here = keys[n] != NONE && position >= part.x && position - part.x < part.y;
    if (is_here) {
      let item = (position - part.x) * ${loads}u;
      let query = n / candidates() * ${loads}u;
      var sum = 0.0;
      for (var i = lane; i < ${loads}u; i += ${LANES}u) {
        sum += ${whole ? "dot(queries[query + i], items[item + i])" : "queries[query + i] * items[item + i]"};
      }
      sums[thread] = sum;
    }
  }
  workgroupBarrier();
  if (is_here && lane == 0u) {
    var score = 0.0;
    for (var i = thread; i < thread + ${LANES}u; i++) { score += sums[i]; }
    keys[n] = key_of(score);
  }
}
`;
}

export const refineGroups = (candidates: number): number => Math.ceil(candidates / CANDIDATES);
