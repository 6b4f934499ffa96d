import { LINEAR_WORKGROUP } from "../../device/kernel.ts";

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

fn mixed(value: u32) -> u32 {
  var h = value ^ (value >> 16u);
  h *= 0x7feb352du;
  h ^= h >> 15u;
  h *= 0x846ca68bu;
  return h ^ (h >> 16u);
}

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
    table[at] = select(mixed(mixed(at) ^ part.x), 0xffffffffu, ones);
  }
}
`;

export const syntheticGroups = (words: number): number => Math.ceil(words / THREADS / EACH);

/** The word at a place of a table. */
export function syntheticWord(at: number, seed: number): number {
  return mixed(mixed(at) ^ seed);
}

function mixed(value: number): number {
  let h = (value ^ (value >>> 16)) >>> 0;
  h = Math.imul(h, 0x7feb352d) >>> 0;
  h ^= h >>> 15;
  h = Math.imul(h, 0x846ca68b) >>> 0;
  return (h ^ (h >>> 16)) >>> 0;
}
