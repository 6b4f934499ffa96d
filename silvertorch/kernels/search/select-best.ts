import { BATCH_WORDS } from "./batch-words.ts";
import { ORDERED_KEYS } from "./ordered-keys.ts";

/** Entries of each list, from which the best are selected: WGSL of a source. */
export interface SelectSource {
  /** Declares the bindings from 1 on. */
  readonly bindings: string;
  /** The next free binding. */
  readonly nextBinding: number;
  /** Body of `entry_count(list: u32) -> u32`. */
  readonly count: string;
  /** Body of `entry_key(list: u32, n: u32) -> u32`: `NONE` where there is none. */
  readonly key: string;
  /** Body of `entry_id(list: u32, n: u32) -> u32`: of equal keys the lower id comes first. */
  readonly id: string;
}

/** Where the selected go: WGSL. */
export interface SelectTarget {
  /** Declares the bindings from one on. */
  readonly bindings: (first: number) => string;
  /** Body of `wanted() -> u32`: how many of a list. */
  readonly wanted: string;
  /** Body of `emit(list: u32, place: u32, key: u32, id: u32)`; of no entry the key is `NONE`. */
  readonly emit: string;
}

export interface SelectOptions {
  readonly source: SelectSource;
  readonly target: SelectTarget;
  readonly threads: number;
  /** Entries that are held at once, a power of two: as many as are wanted, or more. */
  readonly capacity: number;
  /** Where they are held: of many, in a buffer, u32 [lists, 2, capacity], at the last binding. */
  readonly held: "workgroup" | "buffer";
}

/** A digit of the radix search. */
const DIGIT_BITS = 8;
const DIGITS = 1 << DIGIT_BITS;
/** Entries of a list that its threshold is guessed from. */
const SAMPLES = 4096;

/**
 * The best of each list, in order: key descending, then id ascending. A workgroup takes a list.
 *
 * From a sample it guesses a key that somewhat more entries reach than are wanted, and takes all
 * that reach it in one reading. Where these turn out too few or too many, it finds the exact key by
 * a radix search, a reading a digit, and among equal keys the exact id: nothing is ever cut off.
 * What was taken is sorted. Reads 4 bytes an entry, once and a bit; ids of what is taken only.
 *
 * Bindings: 0 batch, then the source's, then the target's, then the buffer. Workgroups: lists.
 */
export function selectBestKernel({
  source,
  target,
  threads,
  capacity,
  held,
}: SelectOptions): string {
  const targetBindings = target.bindings(source.nextBinding);
  const buffer = source.nextBinding + [...targetBindings.matchAll(/@binding/g)].length;
  const inBuffer = held === "buffer";
  return /* wgsl */ `
${BATCH_WORDS}
${ORDERED_KEYS}
${source.bindings}
${targetBindings}
${
  inBuffer
    ? /* wgsl */ `
@group(0) @binding(${buffer}) var<storage, read_write> held: array<u32>;
var<private> held_at: u32;
fn key_held(n: u32) -> u32 { return held[held_at + n]; }
fn id_held(n: u32) -> u32 { return held[held_at + ${capacity}u + n]; }
fn hold(n: u32, key: u32, id: u32) { held[held_at + n] = key; held[held_at + ${capacity}u + n] = id; }
fn barrier() { storageBarrier(); workgroupBarrier(); }`
    : /* wgsl */ `
var<workgroup> held_keys: array<u32, ${capacity}>;
var<workgroup> held_ids: array<u32, ${capacity}>;
fn key_held(n: u32) -> u32 { return held_keys[n]; }
fn id_held(n: u32) -> u32 { return held_ids[n]; }
fn hold(n: u32, key: u32, id: u32) { held_keys[n] = key; held_ids[n] = id; }
fn barrier() { workgroupBarrier(); }`
}

fn entry_count(list: u32) -> u32 { ${source.count} }
fn entry_key(list: u32, n: u32) -> u32 { ${source.key} }
fn entry_id(list: u32, n: u32) -> u32 { ${source.id} }
fn wanted() -> u32 { ${target.wanted} }
fn emit(list: u32, place: u32, key: u32, id: u32) { ${target.emit} }

var<workgroup> bins: array<atomic<u32>, ${DIGITS}>;
var<workgroup> sums: array<u32, ${DIGITS}>;
var<workgroup> taken: atomic<u32>;
var<workgroup> shared_count: u32;
var<workgroup> chosen: u32;
var<workgroup> beyond: u32;

/**
 * The highest digit that, with all higher ones, at least "rank" entries have, and how many have a
 * higher one; digit 0 if there are fewer.
 */
fn choose_digit(thread: u32, rank: u32) -> vec2<u32> {
  workgroupBarrier();
  for (var b = thread; b < ${DIGITS}u; b += ${threads}u) { sums[b] = atomicLoad(&bins[b]); }
  workgroupBarrier();
  for (var reach = 1u; reach < ${DIGITS}u; reach <<= 1u) {
    var ahead = array<u32, ${Math.ceil(DIGITS / threads)}>();
    for (var b = thread; b < ${DIGITS}u; b += ${threads}u) {
      if (b + reach < ${DIGITS}u) { ahead[b / ${threads}u] = sums[b + reach]; }
    }
    workgroupBarrier();
    for (var b = thread; b < ${DIGITS}u; b += ${threads}u) { sums[b] += ahead[b / ${threads}u]; }
    workgroupBarrier();
  }
  if (thread == 0u) { chosen = 0u; beyond = 0u; if (sums[0] < rank) { beyond = sums[1]; } }
  workgroupBarrier();
  for (var b = thread; b < ${DIGITS}u; b += ${threads}u) {
    var higher = 0u;
    if (b + 1u < ${DIGITS}u) { higher = sums[b + 1u]; }
    if (sums[b] >= rank && higher < rank) { chosen = b; beyond = higher; }
  }
  let digit = workgroupUniformLoad(&chosen);
  return vec2<u32>(digit, workgroupUniformLoad(&beyond));
}

/**
 * Holds the entries that reach a key, and of those with the key itself only ids up to one.
 * Returns how many there are, also those beyond the capacity, which are not held.
 */
fn take(list: u32, count: u32, thread: u32, least: u32, last_id: u32) -> u32 {
  workgroupBarrier();
  if (thread == 0u) { atomicStore(&taken, 0u); }
  barrier();
  for (var n = thread; n < count; n += ${threads}u) {
    let key = entry_key(list, n);
    if (key >= least && key != NONE) {
      let id = entry_id(list, n);
      if (key > least || id <= last_id) {
        let place = atomicAdd(&taken, 1u);
        if (place < ${capacity}u) { hold(place, key, id); }
      }
    }
  }
  barrier();
  if (thread == 0u) { shared_count = atomicLoad(&taken); }
  return workgroupUniformLoad(&shared_count);
}

/** Counts entries by a digit: those whose higher digits are the prefix's. */
fn count_digits(list: u32, count: u32, thread: u32, round: Round, prefix: vec2<u32>) {
  workgroupBarrier();
  for (var b = thread; b < ${DIGITS}u; b += ${threads}u) { atomicStore(&bins[b], 0u); }
  workgroupBarrier();
  for (var n = thread; n < round.entries; n += ${threads}u) {
    let key = entry_key(list, n * round.stride);
    if (key == NONE) { continue; }
    if (round.of_ids) {
      if (key != prefix.x) { continue; }
      let id = entry_id(list, n);
      // The lowest first: digits are counted from the other end.
      if ((id & round.mask) == prefix.y) { atomicAdd(&bins[255u - ((id >> round.shift) & 255u)], 1u); }
    } else if ((key & round.mask) == prefix.x) {
      atomicAdd(&bins[(key >> round.shift) & 255u], 1u);
    }
  }
}

/** A reading of a list that finds one digit of its threshold. */
struct Round {
  entries: u32,
  stride: u32,
  shift: u32,
  /** The digits that are known. */
  mask: u32,
  of_ids: bool,
}

/** The first two rounds are over a sample, four more find the exact key, another four the id. */
const SAMPLED = 2u;
const KEYS_KNOWN = 6u;
const IDS_KNOWN = 10u;

fn round_of(n: u32, count: u32) -> Round {
  let digit = select(n - SAMPLED, n, n < SAMPLED) & 3u;
  let shift = 24u - 8u * digit;
  let mask = select(~((1u << ((shift + 8u) & 31u)) - 1u), 0u, digit == 0u);
  if (n < SAMPLED) { return Round(${SAMPLES}u, count / ${SAMPLES}u, shift, mask, false); }
  return Round(count, 1u, shift, mask, n >= KEYS_KNOWN);
}

/** Holds the best of a list, and returns how many. */
fn take_best(list: u32, count: u32, thread: u32, many: u32) -> u32 {
  var least = 1u;
  var last_id = 0xffffffffu;
  var round = IDS_KNOWN;
  var rank = many;
  if (count > ${capacity}u) {
    var room = 1u;
    while (room < many + many / 2u && room < ${capacity}u) { room <<= 1u; }
    round = SAMPLED;
    if (count >= ${2 * SAMPLES}u && room > many) {
      round = 0u;
      let target_count = f32(many + (room - many) / 2u);
      rank = max(1u, u32(target_count * ${SAMPLES}.0 / f32(count)));
    }
  }
  // Key and id found so far.
  var prefix = vec2<u32>(0u, 0u);
  loop {
    if ((round == SAMPLED && prefix.x != 0u) || round == IDS_KNOWN) {
      let isGuess = round == SAMPLED;
      if (!isGuess && prefix.x != 0u) { least = prefix.x; last_id = prefix.y; }
      if (isGuess) { least = prefix.x; }
      let found = take(list, count, thread, least, last_id);
      if (!isGuess || (found >= many && found <= ${capacity}u)) { return found; }
      prefix = vec2<u32>(0u, 0u);
    }
    if (round == SAMPLED) { rank = many; }
    let reading = round_of(round, count);
    count_digits(list, count, thread, reading, prefix);
    let digit = choose_digit(thread, rank);
    rank -= min(rank, digit.y);
    if (reading.of_ids) { prefix.y |= (255u - digit.x) << reading.shift; }
    else { prefix.x |= digit.x << reading.shift; }
    round++;
    // Fewer than are wanted: all are taken.
    if (round == KEYS_KNOWN && prefix.x == 0u) { least = 1u; round = IDS_KNOWN; }
  }
}

/** Sorts what is held by key descending, then id ascending: bitonic, over a power of two. */
fn sort_held(count: u32, thread: u32) {
  var size = 2u;
  while (size < count) { size <<= 1u; }
  for (var n = count + thread; n < size; n += ${threads}u) { hold(n, NONE, 0xffffffffu); }
  for (var block = 2u; block <= size; block <<= 1u) {
    for (var reach = block >> 1u; reach > 0u; reach >>= 1u) {
      barrier();
      for (var n = thread; n < size / 2u; n += ${threads}u) {
        let a = 2u * n - (n & (reach - 1u));
        let b = a + reach;
        let key_a = key_held(a);
        let key_b = key_held(b);
        let id_a = id_held(a);
        let id_b = id_held(b);
        let in_order = key_a > key_b || (key_a == key_b && id_a <= id_b);
        if (in_order != ((a & block) == 0u)) {
          hold(a, key_b, id_b);
          hold(b, key_a, id_a);
        }
      }
    }
  }
  barrier();
}

@compute @workgroup_size(${threads})
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let list = group.x;
  ${inBuffer ? `held_at = list * ${2 * capacity}u;` : ""}
  if (thread == 0u) { shared_count = entry_count(list); }
  let count = workgroupUniformLoad(&shared_count);
  let many = wanted();
  let found = take_best(list, count, thread, many);
  sort_held(found, thread);
  for (var place = thread; place < many; place += ${threads}u) {
    if (place < found) { emit(list, place, key_held(place), id_held(place)); }
    else { emit(list, place, NONE, 0xffffffffu); }
  }
}
`;
}
