import { BATCH_WORDS } from "./batch-words.ts";
import { ORDERED_KEYS } from "./ordered-keys.ts";
import { affinityWords, type SearchShape } from "./search-shape.ts";

/** Lists and clusters of a workgroup: 16 x 16 threads with 4 x 4 products each. */
const TILE = 64;
/** Dimensions in workgroup memory at a time. */
const STRIP = 16;

/**
 * The inner products of lists' queries with all centroids, in full precision, as ordered keys:
 * lists x clusters x dim multiply-adds, of which each word from memory serves 64. At 1,024 lists
 * and 4,096 clusters of 128 dimensions 0.54 G of them and 16 MB written. A strip's words are read
 * while the one before it is multiplied: of few lists, waiting for memory is what costs.
 *
 * Bindings: 0 batch, 1 queries f32 [lists, dim], 2 centroids f32 [clusters, dim], 3 keys u32
 * [lists, affinityWords]. Workgroups: `centroidGrid`.
 */
export function centroidKeysKernel({ dim, clusters }: SearchShape): string {
  return /* wgsl */ `
${BATCH_WORDS}
${ORDERED_KEYS}
@group(0) @binding(1) var<storage, read> queries: array<f32>;
@group(0) @binding(2) var<storage, read> centroids: array<f32>;
@group(0) @binding(3) var<storage, read_write> keys: array<u32>;

var<workgroup> of_lists: array<vec4<f32>, ${(TILE / 4) * STRIP}>;
var<workgroup> of_clusters: array<vec4<f32>, ${(TILE / 4) * STRIP}>;

fn query_at(list: u32, i: u32) -> f32 {
  if (list >= lists() || i >= ${dim}u) { return 0.0; }
  return queries[list * ${dim}u + i];
}
fn centroid_at(cluster: u32, i: u32) -> f32 {
  if (cluster >= ${clusters}u || i >= ${dim}u) { return 0.0; }
  return centroids[cluster * ${dim}u + i];
}

fn four_of_lists(list: u32, i: u32) -> vec4<f32> {
  return vec4<f32>(query_at(list, i), query_at(list + 1u, i), query_at(list + 2u, i), query_at(list + 3u, i));
}
fn four_of_clusters(cluster: u32, i: u32) -> vec4<f32> {
  return vec4<f32>(centroid_at(cluster, i), centroid_at(cluster + 1u, i), centroid_at(cluster + 2u, i), centroid_at(cluster + 3u, i));
}

@compute @workgroup_size(16, 16)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(local_invocation_id) at: vec3<u32>,
  @builtin(local_invocation_index) thread: u32,
) {
  let first_list = group.y * ${TILE}u;
  let first_cluster = group.x * ${TILE}u;
  var sums = array<vec4<f32>, 4>();
  // A thread brings 4 rows of one dimension of each side.
  let rows = thread / ${STRIP}u * 4u;
  let column = thread % ${STRIP}u;
  let list = first_list + rows;
  let cluster = first_cluster + rows;
  let slot = column * ${TILE / 4}u + rows / 4u;
  var next_lists = four_of_lists(list, column);
  var next_clusters = four_of_clusters(cluster, column);
  for (var strip = 0u; strip < ${dim}u; strip += ${STRIP}u) {
    workgroupBarrier();
    of_lists[slot] = next_lists;
    of_clusters[slot] = next_clusters;
    workgroupBarrier();
    let next = strip + ${STRIP}u + column;
    next_lists = four_of_lists(list, next);
    next_clusters = four_of_clusters(cluster, next);
    for (var d = 0u; d < ${STRIP}u; d++) {
      let a = of_lists[d * ${TILE / 4}u + at.y];
      let b = of_clusters[d * ${TILE / 4}u + at.x];
      sums[0] += a.x * b;
      sums[1] += a.y * b;
      sums[2] += a.z * b;
      sums[3] += a.w * b;
    }
  }
  for (var row = 0u; row < 4u; row++) {
    let list = first_list + at.y * 4u + row;
    if (list >= lists()) { break; }
    for (var c = 0u; c < 4u; c++) {
      let cluster = first_cluster + at.x * 4u + c;
      if (cluster < ${clusters}u) { keys[list * ${affinityWords({ clusters })}u + cluster] = key_of(sums[row][c]); }
    }
  }
}
`;
}

export const centroidGrid = (lists: number, clusters: number): [x: number, y: number] => [
  Math.ceil(clusters / TILE),
  Math.ceil(lists / TILE),
];
