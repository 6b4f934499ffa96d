import { BATCH_WORDS } from "./batch-words.ts";
import { ORDERED_KEYS } from "./ordered-keys.ts";
import { prefixBytes, prefixSums } from "./prefix-sums.ts";
import { orderText } from "./select-order.ts";
import { exactText, guessText } from "./select-threshold.ts";

/** Entries of each list, from which the best are selected: WGSL of a source. */
export interface SelectSource {
  /** Declares the bindings from 1 on. */
  readonly bindings: string;
  /** The next free binding. */
  readonly nextBinding: number;
  /** Body of `begin(list: u32)`, which every thread runs first; absent: nothing. */
  readonly begin?: string;
  /** Body of `entry_count(list: u32) -> u32`. */
  readonly count: string;
  /**
   * Body of `entry_keys(list: u32, n: u32) -> vec4<u32>`: those of the entries from n on, a multiple
   * of four, `NONE` where there is none; behind the last entry anything.
   */
  readonly keys: string;
  /** Body of `entry_id(list: u32, n: u32) -> u32`: of equal keys the lower id comes first. */
  readonly id: string;
}

/** Where the selected go: WGSL. */
export interface SelectTarget {
  /** Declares the bindings from one on. */
  readonly bindings: (first: number) => string;
  /** Body of `wanted(list: u32) -> u32`: how many of it. */
  readonly wanted: string;
  /** Body of `emit(list: u32, place: u32, key: u32, id: u32)`; of no entry the key is `NONE`. */
  readonly emit: string;
  /** Body of `finish(list: u32, found: u32)`, with how many entries were emitted; absent: nothing. */
  readonly finish?: string;
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

/** Quadruples of entries that a thread reads at once: reads under way, each as long as a hundred comparisons. */
const AT_ONCE = 4;
/** Bins by which entries are counted, of a selection in a buffer, and the fewest. */
const BINS_IN_BUFFER = 2048;
const FEWEST_BINS = 256;

const binsOf = ({ capacity, held }: Pick<SelectOptions, "capacity" | "held">): number =>
  held === "buffer" ? BINS_IN_BUFFER : Math.max(FEWEST_BINS, capacity / 2);

/** Bytes of workgroup memory that a selection takes. */
export function selectionBytes(
  options: Pick<SelectOptions, "threads" | "capacity" | "held">,
): number {
  const held = options.held === "buffer" ? 0 : 8 * options.capacity;
  return held + 4 * binsOf(options) + prefixBytes(options.threads) + 64;
}

/**
 * The best of each list, in order: key descending, then id ascending. A workgroup takes a list.
 *
 * From a sample it guesses a key that somewhat more entries reach than are wanted, and takes all
 * that reach it in one reading (select-threshold.ts). Where these turn out too few or too many, it
 * finds the exact key by a radix search, a reading a digit, and among equal keys the exact id:
 * nothing is ever cut off. What was taken is put in order (select-order.ts). Reads 4 bytes an
 * entry, once and a bit; ids of what is taken only.
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
  const bins = binsOf({ capacity, held });
  return /* wgsl */ `
${BATCH_WORDS}
${ORDERED_KEYS}
${source.bindings}
${targetBindings}
${heldText(held, capacity, buffer)}

fn begin(list: u32) { ${source.begin ?? ""} }
fn entry_count(list: u32) -> u32 { ${source.count} }
fn entry_keys(list: u32, n: u32) -> vec4<u32> { ${source.keys} }
fn entry_id(list: u32, n: u32) -> u32 { ${source.id} }
fn wanted(list: u32) -> u32 { ${target.wanted} }
fn emit(list: u32, place: u32, key: u32, id: u32) { ${target.emit} }
fn finish(list: u32, found: u32) { ${target.finish ?? ""} }

var<workgroup> shared_count: u32;

/** The keys of the entries from n on, a multiple of four; NONE behind the last. */
fn four_keys(list: u32, n: u32, count: u32) -> vec4<u32> {
  let keys = entry_keys(list, min(n, (count - 1u) & ~3u));
  return select(vec4<u32>(NONE), keys, n + vec4<u32>(0u, 1u, 2u, 3u) < vec4<u32>(count));
}
${prefixSums(threads)}
${guessText({ threads, bins })}
${exactText({ threads })}
${takeText({ threads, capacity })}
${orderText({ threads, capacity, bins })}

/** Holds the best of a list, and returns how many: as many as are wanted, or more. */
fn take_best(list: u32, count: u32, thread: u32, many: u32) -> u32 {
  // So many may be held without handling much more than is wanted.
  var room = ${Math.min(capacity, FEWEST_BINS)}u;
  while (room < many + many / 2u && room < ${capacity}u) { room <<= 1u; }
  if (count <= room) { return take(list, count, thread, vec2<u32>(1u, ANY_ID)); }
  let guessed = guess(list, count, thread, many, room);
  if (guessed != NONE) {
    let found = take(list, count, thread, vec2<u32>(guessed, ANY_ID));
    if (found >= many && found <= ${capacity}u) { return found; }
  }
  return take(list, count, thread, exact(list, count, thread, many, room));
}

@compute @workgroup_size(${threads})
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let list = group.x;
  ${held === "buffer" ? `held_at = list * ${capacity}u;` : ""}
  begin(list);
  if (thread == 0u) { shared_count = entry_count(list); }
  let count = workgroupUniformLoad(&shared_count);
  let many = wanted(list);
  let found = take_best(list, count, thread, many);
  let has_ids = order_held(list, found, thread);
  for (var place = thread; place < many; place += ${threads}u) {
    var entry = vec2<u32>(NONE, 0xffffffffu);
    if (place < found) {
      entry = held_entry(place);
      if (!has_ids) { entry.y = entry_id(list, entry.y); }
    }
    emit(list, place, entry.x, entry.y);
  }
  if (thread == 0u) { finish(list, min(found, many)); }
}
`;
}

/** WGSL of where entries are held: `held_entry`, `hold`, and a barrier after which all see it. */
function heldText(held: SelectOptions["held"], capacity: number, binding: number): string {
  if (held === "buffer") {
    return /* wgsl */ `
@group(0) @binding(${binding}) var<storage, read_write> held: array<vec2<u32>>;
var<private> held_at: u32;
fn held_entry(n: u32) -> vec2<u32> { return held[held_at + n]; }
fn hold(n: u32, entry: vec2<u32>) { held[held_at + n] = entry; }
fn barrier() { storageBarrier(); workgroupBarrier(); }`;
  }
  return /* wgsl */ `
var<workgroup> held: array<vec2<u32>, ${capacity}>;
fn held_entry(n: u32) -> vec2<u32> { return held[n]; }
fn hold(n: u32, entry: vec2<u32>) { held[n] = entry; }
fn barrier() { workgroupBarrier(); }`;
}

/**
 * WGSL `take(list, count, thread, least) -> u32`: holds the entries that reach a key, and of those
 * with the key itself only ids up to one. Returns how many there are, also those beyond the
 * capacity, which are not held. What is held of an entry is its key and its number.
 */
function takeText({ threads, capacity }: Pick<SelectOptions, "threads" | "capacity">): string {
  const reads = Array.from({ length: AT_ONCE }, (_, nth) => nth);
  const each = (write: (nth: number) => string): string => reads.map(write).join("\n    ");
  return /* wgsl */ `
var<workgroup> taken: atomic<u32>;

/** A bit each of four entries, whether it reaches the least. */
fn reaching(list: u32, n: u32, keys: vec4<u32>, least: vec2<u32>) -> u32 {
  let bits = select(vec4<u32>(0u), vec4<u32>(1u, 2u, 4u, 8u), keys >= vec4<u32>(least.x));
  var reach = bits.x | bits.y | bits.z | bits.w;
  if (least.y != ANY_ID && any(keys == vec4<u32>(least.x))) {
    for (var c = 0u; c < 4u; c++) {
      if (keys[c] == least.x && entry_id(list, n + c) > least.y) { reach &= ~(1u << c); }
    }
  }
  return reach;
}

fn hold_at(place: u32, key: u32, n: u32) {
  if (place < ${capacity}u) { hold(place, vec2<u32>(key, n)); }
}

fn hold_reaching(reach: u32, keys: vec4<u32>, n: u32, first: u32) -> u32 {
  var place = first;
  ${["x", "y", "z", "w"]
    .map(
      (c, at) =>
        `if ((reach & ${1 << at}u) != 0u) { hold_at(place, keys.${c}, n + ${at}u); place++; }`,
    )
    .join("\n  ")}
  return place;
}

fn take(list: u32, count: u32, thread: u32, least: vec2<u32>) -> u32 {
  workgroupBarrier();
  if (thread == 0u) { atomicStore(&taken, 0u); }
  barrier();
  for (var first = thread * 4u; first < count; first += ${threads * 4 * AT_ONCE}u) {
    ${each((nth) => `let n${nth} = first + ${nth * threads * 4}u;`)}
    ${each((nth) => `let keys${nth} = four_keys(list, n${nth}, count);`)}
    ${each((nth) => `let reach${nth} = reaching(list, n${nth}, keys${nth}, least);`)}
    let many = ${reads.map((nth) => `countOneBits(reach${nth})`).join(" + ")};
    if (many > 0u) {
      var place = atomicAdd(&taken, many);
      ${each((nth) => `place = hold_reaching(reach${nth}, keys${nth}, n${nth}, place);`)}
    }
  }
  barrier();
  if (thread == 0u) { shared_count = atomicLoad(&taken); }
  return workgroupUniformLoad(&shared_count);
}
`;
}
