const THREADS = 64;
/** Numbers of a query that lie in workgroup memory at a time. */
const TILE = 256;

/**
 * The scores of items that came after the artifact was compiled: the inner product with the query,
 * the largest of the heads'. An item a thread. Reads 4 bytes a number for each request (from the
 * cache but for the first): they are few.
 *
 * Bindings: 0 params u32 [fresh], 1 queries f32 [requests, heads x dim], 2 fresh items f32
 * [fresh, dim], 3 scores f32 [requests, fresh]. Workgroups: (tiles of 64 items, requests).
 */
export function freshScoresKernel({
  heads,
  dim,
}: {
  readonly heads: number;
  readonly dim: number;
}): string {
  return /* wgsl */ `
@group(0) @binding(0) var<storage, read> params: array<u32>;
@group(0) @binding(1) var<storage, read> queries: array<f32>;
@group(0) @binding(2) var<storage, read> items: array<f32>;
@group(0) @binding(3) var<storage, read_write> scores: array<f32>;

var<workgroup> part: array<f32, ${TILE}>;

@compute @workgroup_size(${THREADS})
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let count = params[0];
  let item = group.x * ${THREADS}u + thread;
  let at = min(item, count - 1u) * ${dim}u;
  var most = 0.0;
  for (var head = 0u; head < ${heads}u; head++) {
    var sum = 0.0;
    for (var start = 0u; start < ${dim}u; start += ${TILE}u) {
      let length = min(${TILE}u, ${dim}u - start);
      workgroupBarrier();
      for (var i = thread; i < length; i += ${THREADS}u) {
        part[i] = queries[(group.y * ${heads}u + head) * ${dim}u + start + i];
      }
      workgroupBarrier();
      for (var i = 0u; i < length; i++) { sum += part[i] * items[at + start + i]; }
    }
    most = select(max(most, sum), sum, head == 0u);
  }
  if (item < count) { scores[group.y * count + item] = most; }
}
`;
}

/** Items of a workgroup. */
export const FRESH_TILE = THREADS;
