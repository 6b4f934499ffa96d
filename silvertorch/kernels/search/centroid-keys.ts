import { BATCH_WORDS } from "./batch-words.ts";
import { ORDERED_KEYS } from "./ordered-keys.ts";
import { QUANTISE_THREADS, quantiseText } from "./quantise-queries.ts";
import { affinityWords, type SearchShape } from "./search-shape.ts";

/** A workgroup has so many threads each way. */
const SIDE = 16;
/** Queries that a workgroup quantises at once. */
const QUERIES = (SIDE * SIDE) / QUANTISE_THREADS;
/** Dimensions in workgroup memory at a time. */
const STRIP = 16;

/** Products that a thread has in registers: lists x clusters, multiples of 4. */
export interface CentroidTile {
  readonly lists: number;
  readonly clusters: number;
}

/**
 * Of few lists small tiles, so that there are workgroups for the whole device; of many large ones,
 * of which each word that is read of workgroup memory serves twice as many products.
 */
export const CENTROID_TILES = {
  few: { lists: 4, clusters: 4 },
  many: { lists: 8, clusters: 8 },
} as const satisfies Record<string, CentroidTile>;

/** Lists from which on the tiles are large. */
export const MANY_LISTS = 512;

/**
 * The inner products of lists' queries with all centroids, in full precision, as ordered keys:
 * lists x clusters x dim multiply-adds, of which each word from memory serves 16 times as many as
 * the tile has lists. At 1,024 lists and 4,096 clusters of 128 dimensions 0.54 G of them and 16 MB
 * written. A strip's words are read while the one before it is multiplied: of few lists, waiting for
 * memory is what costs.
 *
 * Beside it, the last rows of workgroups quantise the queries (quantise-queries.ts) and empty the
 * buckets (group-pairs.ts), which as kernels of their own would cost a launch each.
 *
 * Bindings: 0 batch, 1 queries f32 [lists, dim], 2 centroids f32 [clusters, dim], 3 keys u32
 * [lists, affinityWords], 4 codes and 5 counts of queries, 6 bucket counts u32, of any length.
 * Workgroups: `centroidGrid`.
 */
export function centroidKeysKernel(
  { dim, clusters }: Pick<SearchShape, "dim" | "clusters">,
  tile: CentroidTile,
): string {
  const [a, b] = [tile.lists / 4, tile.clusters / 4];
  const quads = (count: number): number[] => Array.from({ length: count }, (_, at) => at);
  const lines = (all: readonly string[]): string => all.join("\n      ");
  const brought = (of: string, at: string): string =>
    `vec4<f32>(${[0, 1, 2, 3].map((n) => `${of}_at(${at} + ${n}u, i)`).join(", ")})`;
  return /* wgsl */ `
${BATCH_WORDS}
${ORDERED_KEYS}
@group(0) @binding(1) var<storage, read> queries: array<f32>;
@group(0) @binding(2) var<storage, read> centroids: array<f32>;
@group(0) @binding(3) var<storage, read_write> keys: array<vec4<u32>>;
${quantiseText({ dim }, { queriesAtOnce: QUERIES, firstBinding: 4 })}
@group(0) @binding(6) var<storage, read_write> bucket_counts: array<u32>;

var<workgroup> of_lists: array<vec4<f32>, ${SIDE * a * STRIP}>;
var<workgroup> of_clusters: array<vec4<f32>, ${SIDE * b * STRIP}>;

fn list_at(list: u32, i: u32) -> f32 {
  if (list >= lists() || i >= ${dim}u) { return 0.0; }
  return queries[list * ${dim}u + i];
}
fn cluster_at(cluster: u32, i: u32) -> f32 {
  if (cluster >= ${clusters}u || i >= ${dim}u) { return 0.0; }
  return centroids[cluster * ${dim}u + i];
}
fn four_lists(list: u32, i: u32) -> vec4<f32> { return ${brought("list", "list")}; }
fn four_clusters(cluster: u32, i: u32) -> vec4<f32> { return ${brought("cluster", "cluster")}; }

/** Rows of keys are whole vectors: behind the last cluster anything may stand. */
fn store(list: u32, cluster: u32, sum: vec4<f32>) {
  if (list >= lists() || cluster >= ${clusters}u) { return; }
  keys[(list * ${affinityWords({ clusters })}u + cluster) / 4u] =
    vec4<u32>(key_of(sum.x), key_of(sum.y), key_of(sum.z), key_of(sum.w));
}

@compute @workgroup_size(${SIDE}, ${SIDE})
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) grid: vec3<u32>,
  @builtin(local_invocation_id) at: vec3<u32>,
  @builtin(local_invocation_index) thread: u32,
) {
  let tiles = (lists() + ${SIDE * tile.lists - 1}u) / ${SIDE * tile.lists}u;
  if (group.y >= tiles) {
    let workgroup = (group.y - tiles) * grid.x + group.x;
    let list = workgroup * ${QUERIES}u + thread / ${QUANTISE_THREADS}u;
    quantise(list, list < lists(), thread);
    let step = (grid.y - tiles) * grid.x * ${SIDE * SIDE}u;
    for (var n = workgroup * ${SIDE * SIDE}u + thread; n < arrayLength(&bucket_counts); n += step) {
      bucket_counts[n] = 0u;
    }
    return;
  }
  let first_list = group.y * ${SIDE * tile.lists}u;
  let first_cluster = group.x * ${SIDE * tile.clusters}u;
  ${lines(quads(tile.lists * b).map((n) => `var sum${n} = vec4<f32>();`))}
  // A thread brings one dimension of ${tile.lists} lists and of ${tile.clusters} clusters, four rows at a time.
  let column = thread % ${STRIP}u;
  let rows = thread / ${STRIP}u;
  ${lines(quads(a).map((q) => `var next_list${q} = four_lists(first_list + (rows + ${q * SIDE}u) * 4u, column);`))}
  ${lines(quads(b).map((q) => `var next_cluster${q} = four_clusters(first_cluster + (rows + ${q * SIDE}u) * 4u, column);`))}
  for (var strip = 0u; strip < ${dim}u; strip += ${STRIP}u) {
    workgroupBarrier();
    ${lines(quads(a).map((q) => `of_lists[column * ${SIDE * a}u + rows + ${q * SIDE}u] = next_list${q};`))}
    ${lines(quads(b).map((q) => `of_clusters[column * ${SIDE * b}u + rows + ${q * SIDE}u] = next_cluster${q};`))}
    workgroupBarrier();
    let next = strip + ${STRIP}u + column;
    ${lines(quads(a).map((q) => `next_list${q} = four_lists(first_list + (rows + ${q * SIDE}u) * 4u, next);`))}
    ${lines(quads(b).map((q) => `next_cluster${q} = four_clusters(first_cluster + (rows + ${q * SIDE}u) * 4u, next);`))}
    for (var d = 0u; d < ${STRIP}u; d++) {
      ${lines(quads(a).map((q) => `let a${q} = of_lists[d * ${SIDE * a}u + at.y + ${q * SIDE}u];`))}
      ${lines(quads(b).map((q) => `let b${q} = of_clusters[d * ${SIDE * b}u + at.x + ${q * SIDE}u];`))}
      ${lines(
        quads(a).flatMap((qa) =>
          quads(b).flatMap((qb) =>
            ["x", "y", "z", "w"].map(
              (c, n) => `sum${(4 * qa + n) * b + qb} += a${qa}.${c} * b${qb};`,
            ),
          ),
        ),
      )}
    }
  }
  ${lines(
    quads(tile.lists).flatMap((n) =>
      quads(b).map((q) => {
        const list = `first_list + (at.y + ${(n >> 2) * SIDE}u) * 4u + ${n % 4}u`;
        return `store(${list}, first_cluster + (at.x + ${q * SIDE}u) * 4u, sum${n * b + q});`;
      }),
    ),
  )}
}
`;
}

export function centroidGrid(
  lists: number,
  clusters: number,
  tile: CentroidTile,
): [x: number, y: number] {
  const columns = Math.ceil(clusters / (SIDE * tile.clusters));
  const rows = Math.ceil(lists / (SIDE * tile.lists));
  return [columns, rows + Math.ceil(lists / (QUERIES * columns))];
}
