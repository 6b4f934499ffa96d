/**
 * Random words that follow from a seed and a place alone (a counter-based generator; Salmon et al.,
 * "Parallel random numbers: as easy as 1, 2, 3", SC 2011): any of them can be computed anywhere, in
 * any order, on a processor as on a card, by operations on 32-bit integers that are the same to the
 * bit on both. `ROW_HASH` is the same in WGSL.
 */

/** What is drawn for: words of one purpose never depend on those of another. */
export const STREAMS = { cluster: 1, subCluster: 2, item: 3 } as const;

/** Of a stream, what its keys are made from. */
export const streamKey = (seed: number, stream: number): number => mixed(seed ^ mixed(stream));

/** Of the place `at` (0 .. 2^32 - 1) in a stream, what its words are made from. */
export const placeKey = (stream: number, at: number): number => mixed(mixed(at) ^ stream);

/** The nth random word of a place: 32 bits, as a signed number, for those are faster here. */
export const nthWord = (key: number, nth: number): number =>
  mixed((key + Math.imul(nth, STEP)) | 0);

/** 2^32 over the golden ratio: neighbours end up far from one another. */
const STEP = 0x9e3779b9;

/** Every bit of the input changes about half of the output's (Ettinger's `lowbias32`). */
function mixed(value: number): number {
  let h = value ^ (value >>> 16);
  h = Math.imul(h, 0x7feb352d);
  h ^= h >>> 15;
  h = Math.imul(h, 0x846ca68b);
  return h ^ (h >>> 16);
}

/** WGSL: `place_key(stream, at)` and `nth_word(key, nth)`. */
export const ROW_HASH = /* wgsl */ `
fn mixed(value: u32) -> u32 {
  var h = value ^ (value >> 16u);
  h *= 0x7feb352du;
  h ^= h >> 15u;
  h *= 0x846ca68bu;
  return h ^ (h >> 16u);
}
fn place_key(stream: u32, at: u32) -> u32 { return mixed(mixed(at) ^ stream); }
fn nth_word(key: u32, nth: u32) -> u32 { return mixed(key + nth * ${STEP}u); }
`;
