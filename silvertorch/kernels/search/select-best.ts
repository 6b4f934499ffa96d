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
  /** Where they are held: of many, in a buffer, vec2<u32> [lists, capacity], at the last binding. */
  readonly held: "workgroup" | "buffer";
}

/** A digit of the radix search. */
const DIGIT_BITS = 8;
const DIGITS = 1 << DIGIT_BITS;
/** Entries of a list that its threshold is guessed from. */
const SAMPLES = 4096;
/** Entries that a thread reads at once. */
const AT_ONCE = 8;

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
  const atOnce = (write: (nth: number) => string): string =>
    Array.from({ length: AT_ONCE }, (_, nth) => write(nth)).join("\n    ");
  return /* wgsl */ `
${BATCH_WORDS}
${ORDERED_KEYS}
${source.bindings}
${targetBindings}
${
  inBuffer
    ? /* wgsl */ `
@group(0) @binding(${buffer}) var<storage, read_write> held: array<vec2<u32>>;
var<private> held_at: u32;
fn held_entry(n: u32) -> vec2<u32> { return held[held_at + n]; }
fn hold(n: u32, entry: vec2<u32>) { held[held_at + n] = entry; }
fn barrier() { storageBarrier(); workgroupBarrier(); }`
    : /* wgsl */ `
var<workgroup> held: array<vec2<u32>, ${capacity}>;
fn held_entry(n: u32) -> vec2<u32> { return held[n]; }
fn hold(n: u32, entry: vec2<u32>) { held[n] = entry; }
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
var<workgroup> chosen: vec3<u32>;

/**
 * The highest digit that, with all higher ones, at least "rank" entries have, and how many have a
 * higher one, and how many have it; digit 0 if there are fewer.
 */
fn choose_digit(thread: u32, rank: u32) -> vec3<u32> {
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
  if (thread == 0u) {
    chosen = vec3<u32>(0u);
    if (sums[0] < rank) { chosen = vec3<u32>(0u, sums[1], sums[0] - sums[1]); }
  }
  workgroupBarrier();
  for (var b = thread; b < ${DIGITS}u; b += ${threads}u) {
    var higher = 0u;
    if (b + 1u < ${DIGITS}u) { higher = sums[b + 1u]; }
    if (sums[b] >= rank && higher < rank) { chosen = vec3<u32>(b, higher, sums[b] - higher); }
  }
  return workgroupUniformLoad(&chosen);
}

fn consider(list: u32, n: u32, count: u32, key: u32, least: u32, last_id: u32) {
  if (key < least || key == NONE || n >= count) { return; }
  if (last_id != ANY_ID && key == least && entry_id(list, n) > last_id) { return; }
  let place = atomicAdd(&taken, 1u);
  if (place < ${capacity}u) { hold(place, vec2<u32>(key, n)); }
}

const ANY_ID = 0xffffffffu;

/**
 * Holds the entries that reach a key, and of those with the key itself only ids up to one.
 * Returns how many there are, also those beyond the capacity, which are not held.
 */
fn take(list: u32, count: u32, thread: u32, least: u32, last_id: u32) -> u32 {
  workgroupBarrier();
  if (thread == 0u) { atomicStore(&taken, 0u); }
  barrier();
  // Several reads under way at once, for each is as long as a hundred comparisons.
  for (var n = thread; n < count; n += ${threads * AT_ONCE}u) {
    ${atOnce((i) => `let key${i} = entry_key(list, min(n + ${i * threads}u, count - 1u));`)}
    ${atOnce((i) => `consider(list, n + ${i * threads}u, count, key${i}, least, last_id);`)}
  }
  barrier();
  if (thread == 0u) { shared_count = atomicLoad(&taken); }
  let found = workgroupUniformLoad(&shared_count);
  // Ids are looked up only now, all at once: each is a read of its own, somewhere.
  for (var n = thread; n < min(found, ${capacity}u); n += ${threads}u) {
    let entry = held_entry(n);
    hold(n, vec2<u32>(entry.x, entry_id(list, entry.y)));
  }
  return found;
}

/** Counts entries by a digit: those whose higher digits are the prefix's. */
fn count_digits(list: u32, count: u32, thread: u32, round: Round, prefix: vec2<u32>) {
  workgroupBarrier();
  for (var b = thread; b < ${DIGITS}u; b += ${threads}u) { atomicStore(&bins[b], 0u); }
  workgroupBarrier();
  for (var n = thread; n < round.entries; n += ${threads}u) {
    // Of a sample whole runs, as memory is read.
    let key = entry_key(list, n / RUN * round.stride + n % RUN);
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

/** Neighbours that are read together. */
const RUN = 32u;

/** A reading of a list that finds one digit of its threshold. */
struct Round {
  entries: u32,
  /** From run to run. */
  stride: u32,
  shift: u32,
  /** The digits that are known. */
  mask: u32,
  of_ids: bool,
}

/** The first two rounds are over a sample, four more find the exact key, another four the id. */
const SAMPLED = 2u;
const KEYS_KNOWN = 6u;
const TAKE = 10u;

fn round_of(n: u32, count: u32) -> Round {
  let digit = select(n - SAMPLED, n, n < SAMPLED) & 3u;
  let shift = 24u - 8u * digit;
  let mask = select(~((1u << ((shift + 8u) & 31u)) - 1u), 0u, digit == 0u);
  if (n < SAMPLED) {
    return Round(${SAMPLES}u, count / ${SAMPLES}u * RUN, shift, mask, false);
  }
  return Round(count, RUN, shift, mask, n >= KEYS_KNOWN);
}

/** Holds the best of a list, and returns how many: as many as are wanted, or a few more. */
fn take_best(list: u32, count: u32, thread: u32, many: u32) -> u32 {
  // So many may be held without sorting much more than is wanted.
  var room = 2u;
  while (room < many + many / 2u && room < ${capacity}u) { room <<= 1u; }
  var round = TAKE;
  var rank = many;
  if (count > room) {
    round = SAMPLED;
    if (count >= ${2 * SAMPLES}u && room > many) {
      round = 0u;
      let target_count = f32(many + (room - many) / 2u);
      rank = max(1u, u32(target_count * ${SAMPLES}.0 / f32(count)));
    }
  }
  // The key and the id that are known so far, digit by digit.
  var prefix = vec2<u32>(0u, ANY_ID);
  loop {
    let is_guess = round == SAMPLED && prefix.x != 0u;
    if (is_guess || round == TAKE) {
      let found = take(list, count, thread, max(1u, prefix.x), prefix.y);
      if (round == TAKE || (found >= many && found <= ${capacity}u)) { return found; }
      prefix.x = 0u;
    }
    if (round == SAMPLED) { rank = many; }
    let reading = round_of(round, count);
    if (round == KEYS_KNOWN) { prefix.y = 0u; }
    count_digits(list, count, thread, reading, prefix);
    let digit = choose_digit(thread, rank);
    rank -= min(rank, digit.y);
    if (reading.of_ids) { prefix.y |= (255u - digit.x) << reading.shift; }
    else { prefix.x |= digit.x << reading.shift; }
    round++;
    // As soon as those that reach it fit, or fewer are there than are wanted, it is exact enough.
    let fits = many - rank + digit.z <= room;
    if (round > SAMPLED && !reading.of_ids && (fits || (round == KEYS_KNOWN && prefix.x == 0u))) { round = TAKE; }
  }
}

/** Sorts what is held by key descending, then id ascending: bitonic, over a power of two. */
fn sort_held(count: u32, thread: u32) {
  var size = 2u;
  while (size < count) { size <<= 1u; }
  for (var n = count + thread; n < size; n += ${threads}u) { hold(n, vec2<u32>(NONE, 0xffffffffu)); }
  for (var block = 2u; block <= size; block <<= 1u) {
    for (var reach = block >> 1u; reach > 0u; reach >>= 1u) {
      barrier();
      for (var n = thread; n < size / 2u; n += ${threads}u) {
        let a = 2u * n - (n & (reach - 1u));
        let b = a + reach;
        let x = held_entry(a);
        let y = held_entry(b);
        let in_order = x.x > y.x || (x.x == y.x && x.y <= y.y);
        if (in_order != ((a & block) == 0u)) {
          hold(a, y);
          hold(b, x);
        }
      }
    }
  }
  barrier();
}

@compute @workgroup_size(${threads})
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let list = group.x;
  ${inBuffer ? `held_at = list * ${capacity}u;` : ""}
  if (thread == 0u) { shared_count = entry_count(list); }
  let count = workgroupUniformLoad(&shared_count);
  let many = wanted();
  let found = take_best(list, count, thread, many);
  sort_held(found, thread);
  for (var place = thread; place < many; place += ${threads}u) {
    var entry = vec2<u32>(NONE, 0xffffffffu);
    if (place < found) { entry = held_entry(place); }
    emit(list, place, entry.x, entry.y);
  }
}
`;
}
