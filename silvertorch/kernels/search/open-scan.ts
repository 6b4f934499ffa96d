import { BATCH_WORDS } from "./batch-words.ts";
import { ORDERED_KEYS } from "./ordered-keys.ts";
import { queryVectors, SCORING_BINDINGS, scoringText } from "./scoring-text.ts";
import { codeVectors, type OpenOrder, type SearchShape } from "./search-shape.ts";

/** Items of a workgroup, one a thread. */
export const TILE = 128;
/** Queries in workgroup memory at a time. */
const QUERIES = 16;

/**
 * Scores all items of the clusters that open lists look into: those without filter.
 * A thread holds an item in registers while the queries that look into its cluster pass by, so
 * `byCluster` an item is read once however many they are: (dim + 4) bytes an item, 4 bytes written
 * a score, dim / 4 packed products a score. Each thread reads its own item, 16 bytes at a time: read
 * as they lie, through workgroup memory, items took 1.4 to 1.7 times as long on an H100.
 *
 * At 128 dimensions an H100 reads an item in 50 ps (2.6 TB/s), and does its 32 packed products with
 * a query in 2.9 ps (10.9 T/s) and writes the score in 1.5 ps, so up to some 35 queries a cluster
 * memory is the limit. That many share a cluster of 4,096 at 24 probes from batches of 6,000 on.
 * Above, tensor cores (int8 x int8, chromium-experimental-subgroup-matrix) would gain little here,
 * where every score is written: 1.14 times of 256 queries that share all items and 1.21 of 1,024, but
 * 2.1 and 2.3 times where of 32 items only the largest key is written (bench/tensor-cores.ts). They
 * are not used.
 *
 * Bindings: 0 batch, 1 codes vec4<u32> of this part, 2 scales f32 of all positions (negative where
 * there is no item), 3 queries vec4<u32> (quantise-queries.ts), 4 work u32, 5 sorted pairs u32 [pairs, 2],
 * 6 keys u32 [pairs, width], 7 part (uniform): first cluster, clusters.
 * Work is `byCluster` the buckets' starts, `byQuery` the probed clusters, `chained` the chains' ends,
 * and 5 then the chains (group-pairs.ts); of `all` 4 and 5 are not looked at. Workgroups: `openGrid`.
 */
export function openScanKernel(shape: SearchShape, order: OpenOrder): string {
  const { clusters, width } = shape;
  const vectors = codeVectors(shape);
  const row = queryVectors(shape);
  const { load, add, score } = scoringText(shape, "held_queries");
  return /* wgsl */ `
requires packed_4x8_integer_dot_product;
${BATCH_WORDS}
${ORDERED_KEYS}
${SCORING_BINDINGS}
@group(0) @binding(4) var<storage, read> work: array<u32>;
@group(0) @binding(5) var<storage, read> sorted: array<u32>;
@group(0) @binding(6) var<storage, read_write> keys: array<u32>;
@group(0) @binding(7) var<uniform> part: vec4<u32>;

var<workgroup> held_queries: array<vec4<u32>, ${QUERIES * row}>;
var<workgroup> held_pairs: array<u32, ${QUERIES}>;

fn pair_at(n: u32, cluster: u32) -> u32 {
  ${order === "byCluster" ? "return sorted[2u * n];" : order === "byQuery" ? "return n;" : `return n * ${clusters}u + cluster;`}
}
fn list_of(pair: u32) -> u32 { return pair / ${order === "all" ? `${clusters}u` : "probes()"}; }

@compute @workgroup_size(${TILE})
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) grid: vec3<u32>,
  @builtin(local_invocation_index) thread: u32,
) {
  ${
    order === "byQuery"
      ? /* wgsl */ `
  let begin = group.y;
  let end = begin + 1u;
  let cluster = work[begin];
  if (cluster < part.x || cluster >= part.x + part.y) { return; }`
      : /* wgsl */ `
  var cluster = part.x + group.y;
  ${
    order === "byCluster"
      ? /* wgsl */ `
  if (grid.y < part.y) {
    // A row for each pair, of which the first of a cluster does the work of all.
    cluster = sorted[2u * group.y + 1u];
    if (cluster < part.x || cluster >= part.x + part.y || work[cluster] != group.y) { return; }
  }
  let begin = work[cluster];
  let end = work[cluster + 1u];`
      : order === "chained"
        ? /* wgsl */ `
  if (grid.y < part.y) {
    // A row for each pair, of which the last of a cluster's chain does the work of all.
    cluster = sorted[2u * group.y + 1u];
    if (cluster < part.x || cluster >= part.x + part.y || work[cluster] != group.y + 1u) { return; }
  }
  let begin = 0u;
  var end = work[cluster];`
        : "let begin = 0u; let end = openLists();"
  }
  if (begin == end) { return; }`
  }
  // Keeps the bindings that this order does not look at.
  if (work[0] == 0xffffffffu && sorted[0] == 0xffffffffu) { return; }
  let within = group.x * ${TILE}u + thread;
  let there = within < ${width}u;
  let place = min(within, ${width - 1}u);
  let scale = scales[cluster * ${width}u + place];
  let first_vector = ((cluster - part.x) * ${width}u + place) * ${vectors}u;
  ${load("first_vector")}
  ${
    order === "chained"
      ? /* wgsl */ `
  while (end != 0u) {
    workgroupBarrier();
    var count = 0u;
    for (; count < ${QUERIES}u && end != 0u; count++) {
      if (thread == count) { held_pairs[count] = end - 1u; }
      end = sorted[2u * (end - 1u)];
    }`
      : /* wgsl */ `
  for (var base = begin; base < end; base += ${QUERIES}u) {
    let count = min(${QUERIES}u, end - base);
    workgroupBarrier();
    if (thread < count) { held_pairs[thread] = pair_at(base + thread, cluster); }`
  }
    workgroupBarrier();
    for (var i = thread; i < count * ${row}u; i += ${TILE}u) {
      held_queries[i] = queries[list_of(held_pairs[i / ${row}u]) * ${row}u + i % ${row}u];
    }
    workgroupBarrier();
    for (var j = 0u; j < count; j++) {
      var sum = 0;
      ${add(`j * ${row}u`)}
      if (there) {
        keys[held_pairs[j] * ${width}u + within] = select(key_of(${score("scale", `j * ${row}u`)}), NONE, scale < 0.0);
      }
    }
  }
}
`;
}

/**
 * Tiles x clusters of a part; `byQuery` tiles x open pairs, and so `byCluster`, too, where these are
 * fewer: most clusters would be looked into by none.
 */
export function openGrid(
  order: OpenOrder,
  {
    width,
    clusters,
    pairs,
  }: { readonly width: number; readonly clusters: number; readonly pairs: number },
): [x: number, y: number] {
  const rows = order === "all" ? clusters : order === "byQuery" ? pairs : Math.min(clusters, pairs);
  return [Math.ceil(width / TILE), rows];
}
