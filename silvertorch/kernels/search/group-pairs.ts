import { LINEAR_WORKGROUP } from "../../device/kernel.ts";
import { BATCH_WORDS, pairText } from "./batch-words.ts";
import { prefixSums } from "./prefix-sums.ts";
import type { SearchShape } from "./search-shape.ts";

/**
 * A *pair* is a list and a cluster it looks into: they are numbered list after list, a list's from
 * the nearest cluster on. `byQuery` pairs are worked off as they stand. `byCluster` they are sorted by cluster
 * first, those of open lists before the others, so that what is read of a cluster serves all lists
 * that look into it: a counting sort into 2 x clusters buckets. They are counted as they are chosen
 * (select-ends.ts); two small kernels are left, of which the launch is what costs.
 *
 * Where all lists are open and few look into a cluster, pairs are *chained* instead, as they are
 * chosen, which takes no kernel: in place of counts stands the pair of each cluster that was chosen
 * last, plus 1 (0: none), and in place of sorted pairs stands of each the one before it, likewise, and
 * its cluster.
 */
const THREADS = 256;

/** WGSL of the bucket that a pair belongs to. */
export const bucketText = (clusters: number): string => /* wgsl */ `
fn bucket_of(list: u32, cluster: u32) -> u32 {
  return cluster + select(0u, ${clusters}u, list >= openLists());
}`;

/**
 * Words of counts, starts and cursors: whole vectors, at least one word more than buckets, whose
 * start is then where the last bucket ends.
 */
export const bucketWords = (clusters: number): number => Math.ceil((2 * clusters + 1) / 4) * 4;

/**
 * Where each bucket begins. One workgroup, so what costs is how often a
 * thread waits for memory: it reads neighbouring buckets as vectors.
 *
 * Bindings: 0 counts, 1 starts, 2 cursors, u32 [bucketWords]. Workgroups: 1.
 */
export function startsOfBucketsKernel(
  { clusters }: Pick<SearchShape, "clusters">,
  threads: number,
): string {
  const vectors = bucketWords(clusters) / 4;
  const each = Math.ceil(vectors / threads);
  return /* wgsl */ `
@group(0) @binding(0) var<storage, read> counts: array<vec4<u32>>;
@group(0) @binding(1) var<storage, read_write> starts: array<vec4<u32>>;
@group(0) @binding(2) var<storage, read_write> cursors: array<vec4<u32>>;

${prefixSums(threads)}

@compute @workgroup_size(${threads})
fn main(@builtin(local_invocation_index) thread: u32) {
  let first = thread * ${each}u;
  let end = min(first + ${each}u, ${vectors}u);
  var own = 0u;
  for (var n = first; n < end; n++) {
    let count = counts[n];
    own += count.x + count.y + count.z + count.w;
  }
  var start = sum_before(own, thread);
  for (var n = first; n < end; n++) {
    let count = counts[n];
    let begins = vec4<u32>(start, start + count.x, start + count.x + count.y, start + count.x + count.y + count.z);
    starts[n] = begins;
    cursors[n] = begins;
    start = begins.w + count.w;
  }
}
`;
}

/**
 * Bindings: 0 batch, 1 probed, 2 cursors, 3 sorted u32 [pairs, 2]: pair and cluster. Workgroups: linear, `pairGroups`.
 */
export function sortPairsKernel(shape: Pick<SearchShape, "clusters" | "heads">): string {
  return /* wgsl */ `
${BATCH_WORDS}
${pairText(shape)}
@group(0) @binding(1) var<storage, read> probed: array<u32>;
@group(0) @binding(2) var<storage, read_write> cursors: array<atomic<u32>>;
@group(0) @binding(3) var<storage, read_write> sorted: array<u32>;
${bucketText(shape.clusters)}
@compute @workgroup_size(${THREADS})
fn main(
  @builtin(workgroup_id) workgroup: vec3<u32>,
  @builtin(num_workgroups) grid: vec3<u32>,
  @builtin(local_invocation_index) thread: u32,
) {
  let pair = (${LINEAR_WORKGROUP}) * ${THREADS}u + thread;
  if (pair >= pairs()) { return; }
  let place = atomicAdd(&cursors[bucket_of(list_of(pair), probed[pair])], 1u);
  sorted[2u * place] = pair;
  sorted[2u * place + 1u] = probed[pair];
}
`;
}

export const pairGroups = (pairs: number): number => Math.ceil(pairs / THREADS);
