import { placeKey, ROW_HASH } from "../../../src/retrieval/generated/row-hash.ts";
import { LINEAR_WORKGROUP } from "../../device/kernel.ts";
import { codeVectors, type SearchShape } from "./search-shape.ts";

const THREADS = 256;

/** Words that one thread fills. */
const EACH = 16;

/**
 * Fills a table with random words that the host can compute, too (`syntheticWord`), so that a
 * catalogue of any size needs no upload.
 *
 * Bindings: 0 table u32, 1 part (uniform): seed, words, words of a run, what the first run of each
 * `every` runs holds is all ones. Workgroups: `syntheticGroups`.
 */
export const SYNTHETIC_WORDS = /* wgsl */ `
@group(0) @binding(0) var<storage, read_write> table: array<u32>;
@group(0) @binding(1) var<uniform> part: vec4<u32>;
${ROW_HASH}

@compute @workgroup_size(${THREADS})
fn main(
  @builtin(workgroup_id) workgroup: vec3<u32>,
  @builtin(num_workgroups) grid: vec3<u32>,
  @builtin(local_invocation_index) thread: u32,
) {
  let first = ((${LINEAR_WORKGROUP}) * ${EACH}u) * ${THREADS}u + thread;
  for (var n = 0u; n < ${EACH}u; n++) {
    let at = first + n * ${THREADS}u;
    if (at >= part.y) { return; }
    let ones = part.z > 0u && at / part.z % part.w == 0u;
    table[at] = select(place_key(part.x, at), 0xffffffffu, ones);
  }
}
`;

/** Of the words that centroids are made of: each a dimension's. */
export const CENTROIDS_SEED = 99;
/** In 256ths, how much of a code is its cluster's, and how much its own: four fifths of the variance. */
const OF_CLUSTER = 171;
const OWN = 85;

/**
 * Fills codes: each is its cluster's, with something of its own added, so that probing finds what is
 * near. A word a thread.
 *
 * Bindings: 0 codes u32 [items, vectors x 4], 1 part (uniform): seed, words, first cluster.
 * Workgroups: linear, `syntheticCodesGroups`.
 */
export function syntheticCodesKernel(shape: SearchShape): string {
  const words = codeVectors(shape) * 4;
  return /* wgsl */ `
@group(0) @binding(0) var<storage, read_write> codes: array<u32>;
@group(0) @binding(1) var<uniform> part: vec4<u32>;
${ROW_HASH}
@compute @workgroup_size(${THREADS})
fn main(
  @builtin(workgroup_id) workgroup: vec3<u32>,
  @builtin(num_workgroups) grid: vec3<u32>,
  @builtin(local_invocation_index) thread: u32,
) {
  let at = (${LINEAR_WORKGROUP}) * ${THREADS}u + thread;
  if (at >= part.y) { return; }
  let cluster = part.z + at / ${words * shape.width}u;
  let own = place_key(part.x, at);
  var packed = 0u;
  for (var byte = 0u; byte < 4u; byte++) {
    let d = at % ${words}u * 4u + byte;
    if (d >= ${shape.dim}u) { break; }
    let centre = place_key(${CENTROIDS_SEED}u, cluster * ${shape.dim}u + d) >> 24u;
    let noise = (own >> (8u * byte)) & 255u;
    let code = ((i32(centre) - 128) * ${OF_CLUSTER} + (i32(noise) - 128) * ${OWN}) >> 8u;
    packed |= (u32(code) & 255u) << (8u * byte);
  }
  codes[at] = packed;
}
`;
}

export const syntheticCodesGroups = (words: number): number => Math.ceil(words / THREADS);

/** A code of an item, from its word, and the highest byte of its centroid's. */
export function syntheticCode(word: number, byte: number, centre: number): number {
  const noise = (word >>> (8 * byte)) & 255;
  return ((centre - 128) * OF_CLUSTER + (noise - 128) * OWN) >> 8;
}

export const syntheticGroups = (words: number): number => Math.ceil(words / THREADS / EACH);

/** The word at a place of a table. */
export const syntheticWord = (at: number, seed: number): number => placeKey(seed, at) >>> 0;
