import { codeVectors, type SearchShape } from "./search-shape.ts";

/** Threads that quantise a query. */
export const QUANTISE_THREADS = 64;

/**
 * Queries as 8-bit integers, 16 a vector, with what a code of 1 stands for in one vector more; and
 * lists emptied. Moves 5 bytes a dimension of each query: the launch is what costs, so where
 * clusters are probed centroid-keys.ts does it beside its own work.
 *
 * Bindings: 0 queries f32 [lists, dim], 1 codes vec4<u32> [lists, vectors + 1], 2 counts u32
 * [lists]. Workgroups: lists.
 */
export function quantiseQueriesKernel(shape: Pick<SearchShape, "dim">): string {
  return /* wgsl */ `
@group(0) @binding(0) var<storage, read> queries: array<f32>;
${quantiseText(shape, { queriesAtOnce: 1, firstBinding: 1 })}
@compute @workgroup_size(${QUANTISE_THREADS})
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  quantise(group.x, true, thread);
}
`;
}

/**
 * WGSL `quantise(list, is_there, thread)`, to be called by all threads of a workgroup, 64 for each of
 * the lists that it works on at once. It reads `queries: array<f32>`; its bindings are codes and counts.
 */
export function quantiseText(
  shape: Pick<SearchShape, "dim">,
  {
    queriesAtOnce,
    firstBinding,
  }: { readonly queriesAtOnce: number; readonly firstBinding: number },
): string {
  const vectors = codeVectors(shape);
  const { dim } = shape;
  return /* wgsl */ `
@group(0) @binding(${firstBinding}) var<storage, read_write> codes: array<u32>;
@group(0) @binding(${firstBinding + 1}) var<storage, read_write> counts: array<u32>;

var<workgroup> largest: array<f32, ${QUANTISE_THREADS * queriesAtOnce}>;

fn quantise(list: u32, is_there: bool, thread: u32) {
  let own = thread % ${QUANTISE_THREADS}u;
  let first = list * ${dim}u;
  var most = 0.0;
  if (is_there) {
    for (var i = own; i < ${dim}u; i += ${QUANTISE_THREADS}u) { most = max(most, abs(queries[first + i])); }
  }
  largest[thread] = most;
  for (var half = ${QUANTISE_THREADS / 2}u; half > 0u; half >>= 1u) {
    workgroupBarrier();
    if (own < half) { largest[thread] = max(largest[thread], largest[thread + half]); }
  }
  workgroupBarrier();
  if (!is_there) { return; }
  // A query of zeros has codes of zeros, by whatever it is divided.
  let step = max(largest[thread - own], 1e-30) / 127.0;
  let target_word = list * ${(vectors + 1) * 4}u;
  for (var word = own; word < ${vectors * 4}u; word += ${QUANTISE_THREADS}u) {
    var packed = 0u;
    for (var byte = 0u; byte < 4u; byte++) {
      let i = word * 4u + byte;
      if (i < ${dim}u) {
        let code = i32(round(queries[first + i] / step));
        packed |= (u32(code) & 0xffu) << (8u * byte);
      }
    }
    codes[target_word + word] = packed;
  }
  if (own == 0u) {
    codes[target_word + ${vectors * 4}u] = bitcast<u32>(step);
    counts[list] = 0u;
  }
}
`;
}
