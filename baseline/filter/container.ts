import { bitsIn } from "../../src/math/bits-in.ts";
import { LIST_MAX } from "../portable-roaring.ts";

/**
 * Up to 2^16 rows that share their upper 16 bits, as roaring bitmaps keep them: a sorted list of
 * the lower bits where they are few, else 2,048 words of bits (signed: V8 keeps those unboxed). Never changed once made, so that
 * results share what they have in common with the index.
 *
 * In JavaScript, not by the WebAssembly library: its AND of two bitmap containers took 82 us where
 * these words take 2 (Node 20, EPYC).
 */
export type Container = Uint16Array | Int32Array;

const WORDS = 2048;

/** Longer lists are united faster as bits than by sorting them. */
const SORTED_MAX = 256;

const isList = (container: Container): container is Uint16Array => container instanceof Uint16Array;

export function cardinalityOf(container: Container): number {
  if (isList(container)) return container.length;
  let count = 0;
  for (let i = 0; i < WORDS; i++) count += bitsIn(container[i]!);
  return count;
}

/** Rows of both. */
export function intersect(a: Container, b: Container): Container {
  if (isList(a)) return pick(a, b, true);
  if (isList(b)) return pick(b, a, true);
  const words = new Int32Array(WORDS);
  for (let i = 0; i < WORDS; i++) words[i] = a[i]! & b[i]!;
  return words;
}

/** Rows of a that are not in b. */
export function subtract(a: Container, b: Container): Container {
  if (isList(a)) return pick(a, b, false);
  const words = a.slice();
  if (isList(b)) for (const low of b) words[low >>> 5]! &= ~(1 << (low & 31));
  else for (let i = 0; i < WORDS; i++) words[i]! &= ~b[i]!;
  return words;
}

/** The same rows as words, that nobody else has. */
export function wordsOf(container: Container): Int32Array {
  if (!isList(container)) return container.slice();
  const words = new Int32Array(WORDS);
  for (const low of container) words[low >>> 5]! |= 1 << (low & 31);
  return words;
}

/** The rows of a list that are, or are not, in the other. */
function pick(list: Uint16Array, other: Container, areIn: boolean): Uint16Array {
  const picked = new Uint16Array(list.length);
  let count = 0;
  let at = 0;
  // Plain loops: the array's own filter, with a call an element, took ten times as long.
  if (isList(other)) {
    for (let i = 0; i < list.length; i++) {
      const low = list[i]!;
      while (at < other.length && other[at]! < low) at++;
      if ((at < other.length && other[at] === low) === areIn) picked[count++] = low;
    }
  } else {
    const unwanted = areIn ? 0 : 1;
    for (let i = 0; i < list.length; i++) {
      const low = list[i]!;
      // Written always and kept only where it counts: no branch to mispredict.
      picked[count] = low;
      count += ((other[low >>> 5]! >>> (low & 31)) & 1) ^ unwanted;
    }
  }
  return picked.subarray(0, count);
}

/** Rows of any. */
export function unite(containers: readonly Container[]): Container {
  const [only] = containers;
  if (only !== undefined && containers.length === 1) return only;
  const lists = containers.filter(isList);
  const listed = lists.reduce((sum, { length }) => sum + length, 0);
  const isShort = lists.length === containers.length && listed <= LIST_MAX;
  if (isShort && listed <= SORTED_MAX) return uniteLists(lists, listed);
  const words = new Int32Array(WORDS);
  for (const container of containers) {
    if (isList(container)) for (const low of container) words[low >>> 5]! |= 1 << (low & 31);
    else for (let i = 0; i < WORDS; i++) words[i]! |= container[i]!;
  }
  return isShort ? settle(words, cardinalityOf(words)) : words;
}

function uniteLists(lists: readonly Uint16Array[], total: number): Uint16Array {
  const all = new Uint16Array(total);
  let at = 0;
  for (const list of lists) {
    all.set(list, at);
    at += list.length;
  }
  const sorted = all.toSorted();
  let count = 0;
  for (let i = 0; i < total; i++) {
    if (i === 0 || sorted[i] !== sorted[i - 1]) sorted[count++] = sorted[i]!;
  }
  return sorted.subarray(0, count);
}

/** The form that serialisation asks for: a list up to LIST_MAX rows, else words. */
export function settle(container: Container, cardinality: number): Container {
  if (isList(container) || cardinality > LIST_MAX) return container;
  const list = new Uint16Array(cardinality);
  let count = 0;
  for (let i = 0; i < WORDS; i++) {
    let bits = container[i]!;
    while (bits !== 0) {
      const lowest = bits & -bits;
      list[count++] = i * 32 + 31 - Math.clz32(lowest);
      bits ^= lowest;
    }
  }
  return list;
}

/** A container of rows from..to (exclusive). */
export function rangeContainer(from: number, to: number): Container {
  const words = new Int32Array(WORDS);
  for (let low = from; low < to; low++) words[low >>> 5]! |= 1 << (low & 31);
  return words;
}
