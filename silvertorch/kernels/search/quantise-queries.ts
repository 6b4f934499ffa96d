import { codeVectors, type SearchShape } from "./search-shape.ts";

const THREADS = 64;

/**
 * Queries as 8-bit integers, 16 a vector, with what a code of 1 stands for in one vector more; and
 * lists and buckets (group-pairs.ts) emptied. Moves 5 bytes a dimension of each query: the launch is
 * what costs.
 *
 * Bindings: 0 queries f32 [lists, dim], 1 codes vec4<u32> [lists, vectors + 1], 2 counts u32
 * [lists], 3 bucket counts u32, of any length. Workgroups: lists.
 */
export function quantiseQueriesKernel(shape: Pick<SearchShape, "dim">): string {
  const vectors = codeVectors(shape);
  return /* wgsl */ `
@group(0) @binding(0) var<storage, read> queries: array<f32>;
@group(0) @binding(1) var<storage, read_write> codes: array<u32>;
@group(0) @binding(2) var<storage, read_write> counts: array<u32>;
@group(0) @binding(3) var<storage, read_write> bucket_counts: array<u32>;

var<workgroup> largest: array<f32, ${THREADS}>;

@compute @workgroup_size(${THREADS})
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) grid: vec3<u32>,
  @builtin(local_invocation_index) thread: u32,
) {
  for (var n = group.x * ${THREADS}u + thread; n < arrayLength(&bucket_counts); n += grid.x * ${THREADS}u) {
    bucket_counts[n] = 0u;
  }
  let first = group.x * ${shape.dim}u;
  var most = 0.0;
  for (var i = thread; i < ${shape.dim}u; i += ${THREADS}u) { most = max(most, abs(queries[first + i])); }
  largest[thread] = most;
  for (var half = ${THREADS / 2}u; half > 0u; half >>= 1u) {
    workgroupBarrier();
    if (thread < half) { largest[thread] = max(largest[thread], largest[thread + half]); }
  }
  workgroupBarrier();
  // A query of zeros has codes of zeros, by whatever it is divided.
  let step = max(largest[0], 1e-30) / 127.0;
  let target_word = group.x * ${(vectors + 1) * 4}u;
  for (var word = thread; word < ${vectors * 4}u; word += ${THREADS}u) {
    var packed = 0u;
    for (var byte = 0u; byte < 4u; byte++) {
      let i = word * 4u + byte;
      if (i < ${shape.dim}u) {
        let code = i32(round(queries[first + i] / step));
        packed |= (u32(code) & 0xffu) << (8u * byte);
      }
    }
    codes[target_word + word] = packed;
  }
  if (thread == 0u) {
    codes[target_word + ${vectors * 4}u] = bitcast<u32>(step);
    counts[group.x] = 0u;
  }
}
`;
}
