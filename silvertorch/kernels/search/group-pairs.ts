import { LINEAR_WORKGROUP } from "../../device/kernel.ts";
import { BATCH_WORDS } from "./batch-words.ts";
import type { SearchShape } from "./search-shape.ts";

/**
 * A *pair* is a list and a cluster it looks into: pair `list x probes + n` is of the list's n-th
 * probe. `byQuery` pairs are worked off as they stand. `byCluster` they are sorted by cluster
 * first, those of open lists before the others, so that what is read of a cluster serves all lists
 * that look into it: a counting sort into 2 x clusters buckets, three small kernels.
 */
const THREADS = 256;

const bucketOf = (clusters: number): string => /* wgsl */ `
fn bucket_of(pair: u32) -> u32 {
  return probed[pair] + select(0u, ${clusters}u, pair / probes() >= openLists());
}`;

/**
 * Bindings: 0 batch, 1 probed u32 [pairs], 2 counts u32 [2 x clusters], zeros.
 * Workgroups: linear, `pairGroups`.
 */
export function countPairsKernel({ clusters }: SearchShape): string {
  return /* wgsl */ `
${BATCH_WORDS}
@group(0) @binding(1) var<storage, read> probed: array<u32>;
@group(0) @binding(2) var<storage, read_write> counts: array<atomic<u32>>;
${bucketOf(clusters)}
@compute @workgroup_size(${THREADS})
fn main(
  @builtin(workgroup_id) workgroup: vec3<u32>,
  @builtin(num_workgroups) grid: vec3<u32>,
  @builtin(local_invocation_index) thread: u32,
) {
  let pair = (${LINEAR_WORKGROUP}) * ${THREADS}u + thread;
  if (pair < lists() * probes()) { atomicAdd(&counts[bucket_of(pair)], 1u); }
}
`;
}

/**
 * Where each bucket begins; counts become zeros again.
 * Bindings: 0 counts, 1 starts u32 [2 x clusters + 1], 2 cursors u32 [2 x clusters]. Workgroups: 1.
 */
export function startsOfBucketsKernel({ clusters }: SearchShape): string {
  const buckets = 2 * clusters;
  const each = Math.ceil(buckets / THREADS);
  return /* wgsl */ `
@group(0) @binding(0) var<storage, read_write> counts: array<u32>;
@group(0) @binding(1) var<storage, read_write> starts: array<u32>;
@group(0) @binding(2) var<storage, read_write> cursors: array<u32>;

var<workgroup> sums: array<u32, ${THREADS}>;

@compute @workgroup_size(${THREADS})
fn main(@builtin(local_invocation_index) thread: u32) {
  let first = thread * ${each}u;
  let end = min(first + ${each}u, ${buckets}u);
  var own = 0u;
  for (var bucket = first; bucket < end; bucket++) { own += counts[bucket]; }
  sums[thread] = own;
  for (var reach = 1u; reach < ${THREADS}u; reach <<= 1u) {
    workgroupBarrier();
    var before = 0u;
    if (thread >= reach) { before = sums[thread - reach]; }
    workgroupBarrier();
    sums[thread] += before;
  }
  workgroupBarrier();
  var start = sums[thread] - own;
  for (var bucket = first; bucket < end; bucket++) {
    starts[bucket] = start;
    cursors[bucket] = start;
    start += counts[bucket];
    counts[bucket] = 0u;
  }
  if (thread == ${THREADS - 1}u) { starts[${buckets}u] = sums[thread]; }
}
`;
}

/**
 * Bindings: 0 batch, 1 probed, 2 cursors, 3 sorted u32 [pairs, 2]: pair and cluster. Workgroups: linear, `pairGroups`.
 */
export function sortPairsKernel({ clusters }: SearchShape): string {
  return /* wgsl */ `
${BATCH_WORDS}
@group(0) @binding(1) var<storage, read> probed: array<u32>;
@group(0) @binding(2) var<storage, read_write> cursors: array<atomic<u32>>;
@group(0) @binding(3) var<storage, read_write> sorted: array<u32>;
${bucketOf(clusters)}
@compute @workgroup_size(${THREADS})
fn main(
  @builtin(workgroup_id) workgroup: vec3<u32>,
  @builtin(num_workgroups) grid: vec3<u32>,
  @builtin(local_invocation_index) thread: u32,
) {
  let pair = (${LINEAR_WORKGROUP}) * ${THREADS}u + thread;
  if (pair >= lists() * probes()) { return; }
  let place = atomicAdd(&cursors[bucket_of(pair)], 1u);
  sorted[2u * place] = pair;
  sorted[2u * place + 1u] = probed[pair];
}
`;
}

export const pairGroups = (pairs: number): number => Math.ceil(pairs / THREADS);
