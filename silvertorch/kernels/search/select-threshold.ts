/**
 * How the entries that are taken of a list are told from the others: WGSL of the first half of
 * select-best.ts.
 */

/** Entries of a list that its threshold is guessed from. */
const SAMPLES = 4096;
/** Neighbours that are read together. */
const RUN = 32;
/** Rounds of a guess at most: each divides the bin that was found by the number of bins. */
const ROUNDS = 3;

/** Digits of a radix search, 8 bits each. */
const DIGITS = 256;

/**
 * WGSL `guess(list, count, thread, many, room) -> u32`: a key that probably somewhat more than
 * `many` entries reach, and no more than `room`; 0 if there is none. Samples are held in registers
 * and counted in bins of equal width between the lowest and the highest, which takes one reading and
 * where scores lie far apart a second look; of a list that is no longer than the sample the key is
 * exact but for the width of a bin.
 */
export function guessText({
  threads,
  bins,
}: {
  readonly threads: number;
  readonly bins: number;
}): string {
  const quads = Math.max(1, Math.ceil(SAMPLES / 4 / threads));
  return /* wgsl */ `
fn guess(list: u32, count: u32, thread: u32, many: u32, room: u32) -> u32 {
  let is_whole = count <= ${SAMPLES}u;
  if (!is_whole && room <= many) { return NONE; }
  var rank = many;
  if (!is_whole) {
    rank = max(1u, u32(f32(many + (room - many) / 2u) * ${SAMPLES}.0 / f32(count)));
  }
  let stride = select((count - ${RUN}u) / ${SAMPLES / RUN - 1}u, ${RUN}u, is_whole);
  var sample = array<vec4<u32>, ${quads}>();
  var highest = vec4<u32>(NONE);
  var lowest = vec4<u32>(0xffffffffu);
  for (var q = 0u; q < ${quads}u; q++) {
    let s = (q * ${threads}u + thread) * 4u;
    if (s < min(count, ${SAMPLES}u)) {
      // Whole runs, as memory is read.
      let keys = four_keys(list, ((s / ${RUN}u * stride) & ~3u) + s % ${RUN}u, count);
      sample[q] = keys;
      highest = max(highest, keys);
      lowest = min(lowest, select(keys, vec4<u32>(0xffffffffu), keys == vec4<u32>(NONE)));
    }
  }
  let ends = extremes_of(thread, largest_of(highest), least_of(lowest));
  if (ends.x == NONE) { return NONE; }
  var top = score_of(ends.x);
  var bottom = score_of(ends.y);
  let hair = 3e-7 * max(abs(top), abs(bottom));
  for (var round = 0u; round < ${ROUNDS}u; round++) {
    clear_bins(thread);
    for (var q = 0u; q < ${quads}u; q++) {
      let keys = sample[q];
      ${["x", "y", "z", "w"].map((c) => `count_between(keys.${c}, top, bottom);`).join("\n      ")}
    }
    let found = choose_bin(thread, rank);
    if (found.x == NO_BIN) {
      if (round == 0u) { return NONE; }
      break;
    }
    rank -= found.y;
    let scale = bins_each(top, bottom);
    bottom = top - f32(found.x + 1u) / scale;
    if (found.z <= 1u + rank / 8u) { break; }
    top = top - f32(found.x) / scale;
  }
  // A hair lower, so that rounding leaves nothing out.
  return max(1u, key_of(bottom - hair));
}
${binsText(threads, bins)}
`;
}

/** WGSL of scores in bins of equal width, the highest first. */
function binsText(threads: number, bins: number): string {
  const each = Math.ceil(bins / threads);
  return /* wgsl */ `
const NO_BIN = 0xffffffffu;
var<workgroup> bins: array<atomic<u32>, ${bins}>;
/** A bin, how many entries stand in those before it, and how many in it. */
var<workgroup> chosen: vec3<u32>;
var<workgroup> high_end: atomic<u32>;
var<workgroup> low_end: atomic<u32>;
var<workgroup> both_ends: vec2<u32>;

fn score_of(key: u32) -> f32 { return clamp(bitcast<f32>(score_bits(key)), -1e37, 1e37); }
fn bins_each(top: f32, bottom: f32) -> f32 { return ${bins}.0 / max(top - bottom, 1e-30); }
fn bin_of(score: f32, top: f32, scale: f32) -> u32 {
  return min(u32((top - score) * scale), ${bins - 1}u);
}

fn largest_of(keys: vec4<u32>) -> u32 { return max(max(keys.x, keys.y), max(keys.z, keys.w)); }
fn least_of(keys: vec4<u32>) -> u32 { return min(min(keys.x, keys.y), min(keys.z, keys.w)); }

/** Counts a key whose score lies in a range. */
fn count_between(key: u32, top: f32, bottom: f32) {
  let score = score_of(key);
  if (key != NONE && score <= top && score >= bottom) {
    atomicAdd(&bins[bin_of(score, top, bins_each(top, bottom))], 1u);
  }
}

/** The highest and the lowest key of all threads. */
fn extremes_of(thread: u32, highest: u32, lowest: u32) -> vec2<u32> {
  workgroupBarrier();
  if (thread == 0u) {
    atomicStore(&high_end, NONE);
    atomicStore(&low_end, 0xffffffffu);
  }
  workgroupBarrier();
  if (highest != NONE) {
    atomicMax(&high_end, highest);
    atomicMin(&low_end, lowest);
  }
  workgroupBarrier();
  if (thread == 0u) { both_ends = vec2<u32>(atomicLoad(&high_end), atomicLoad(&low_end)); }
  return workgroupUniformLoad(&both_ends);
}

fn clear_bins(thread: u32) {
  workgroupBarrier();
  for (var b = thread; b < ${bins}u; b += ${threads}u) { atomicStore(&bins[b], 0u); }
  workgroupBarrier();
}

/** The bin that the entry of a rank stands in, the first entry's being 1; NO_BIN: there are fewer. */
fn choose_bin(thread: u32, rank: u32) -> vec3<u32> {
  if (thread == 0u) { chosen = vec3<u32>(NO_BIN, 0u, 0u); }
  workgroupBarrier();
  var own = 0u;
  let first = thread * ${each}u;
  let end = min(first + ${each}u, ${bins}u);
  for (var b = first; b < end; b++) { own += atomicLoad(&bins[b]); }
  var before = sum_before(own, thread);
  if (before < rank && rank <= before + own) {
    var b = first;
    var here = atomicLoad(&bins[b]);
    while (before + here < rank) {
      before += here;
      b++;
      here = atomicLoad(&bins[b]);
    }
    chosen = vec3<u32>(b, before, here);
  }
  return workgroupUniformLoad(&chosen);
}
`;
}

/**
 * WGSL `exact(list, count, thread, many, room) -> vec2<u32>`: a key that at least `many` entries
 * reach and at most `room`, or, where more are equal, the key and the id of the last that is wanted.
 * A radix search, a reading a digit; 1 if there are fewer than are wanted.
 */
export function exactText({ threads }: { readonly threads: number }): string {
  return /* wgsl */ `
const ANY_ID = 0xffffffffu;

fn exact(list: u32, count: u32, thread: u32, many: u32, room: u32) -> vec2<u32> {
  var rank = many;
  // The key and the id that are known so far, digit by digit.
  var known = vec2<u32>(0u, ANY_ID);
  for (var digit = 0u; digit < 8u; digit++) {
    let of_ids = digit >= 4u;
    let shift = 24u - 8u * (digit & 3u);
    let mask = select(~((1u << ((shift + 8u) & 31u)) - 1u), 0u, (digit & 3u) == 0u);
    if (digit == 4u) { known.y = 0u; }
    clear_bins(thread);
    for (var n = thread * 4u; n < count; n += ${threads * 4}u) {
      let keys = four_keys(list, n, count);
      for (var c = 0u; c < 4u; c++) {
        let key = keys[c];
        if (key == NONE) { continue; }
        if (of_ids) {
          if (key != known.x) { continue; }
          let id = entry_id(list, n + c);
          if ((id & mask) == known.y) { atomicAdd(&bins[(id >> shift) & ${DIGITS - 1}u], 1u); }
        } else if ((key & mask) == known.x) {
          // The highest first.
          atomicAdd(&bins[${DIGITS - 1}u - ((key >> shift) & ${DIGITS - 1}u)], 1u);
        }
      }
    }
    let found = choose_bin(thread, rank);
    if (found.x == NO_BIN) { return vec2<u32>(1u, ANY_ID); }
    rank -= found.y;
    if (of_ids) {
      known.y |= found.x << shift;
    } else {
      known.x |= (${DIGITS - 1}u - found.x) << shift;
      // As soon as those that reach it fit, it is exact enough.
      if (many - rank + found.z <= room) { return vec2<u32>(max(1u, known.x), ANY_ID); }
    }
  }
  return known;
}
`;
}
