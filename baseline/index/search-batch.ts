import type { Candidates, Search } from "../services.ts";
import { AS_SET, effortOf } from "./effort.ts";
import { WordReader, wordsOf, WordWriter } from "./word-buffer.ts";

// A batch on its way to a search thread, and its answers on their way back, each in one buffer that
// is handed over: an array of its own for every vector and every answer costs more to hand over
// than it does to copy them all into one.

/** Numbers that each search has before its vectors and exclusions. */
const FIELDS = 7;
/** In the place of a bitmap's number, which count from 1: every row passes. */
const NO_FILTER = 0;

/** What a search thread has to know of searches, which stay as they are. */
export function packSearches(searches: readonly Search[]): ArrayBuffer {
  // Searches of one filter share its bitmap.
  const bitmaps = new Map<Uint8Array, number>();
  let words = 2;
  for (const { vectors, excluded, eligible } of searches) {
    words += FIELDS + vectors.length + excluded.length;
    const { bitmap } = eligible;
    if (bitmap === null || bitmaps.has(bitmap)) continue;
    bitmaps.set(bitmap, bitmaps.size + 1);
    words += 1 + wordsOf(bitmap);
  }
  const to = new WordWriter(words);
  to.number(bitmaps.size);
  for (const bitmap of bitmaps.keys()) {
    to.number(bitmap.byteLength);
    to.bytes(bitmap);
  }
  to.number(searches.length);
  for (const { vectors, k, eligible, excluded, effort } of searches) {
    to.number(k);
    to.number(eligible.count);
    to.number(eligible.bitmap === null ? NO_FILTER : bitmaps.get(eligible.bitmap)!);
    to.number(effort?.probes ?? AS_SET);
    to.number(effort?.expansionSearch ?? AS_SET);
    to.number(vectors.length);
    to.number(excluded.length);
    to.floats(vectors);
    to.numbers(excluded);
  }
  return to.buffer;
}

/** The searches as they were packed; they view the buffer. */
export function unpackSearches(buffer: ArrayBuffer): Search[] {
  const from = new WordReader(buffer);
  const bitmaps = Array.from({ length: from.number() }, () => from.bytes(from.number()));
  return Array.from({ length: from.number() }, (): Search => {
    const k = from.number();
    const count = from.number();
    const filter = from.number();
    const eligible = { count, bitmap: filter === NO_FILTER ? null : bitmaps[filter - 1]! };
    const effort = effortOf(from.number(), from.number());
    const words = from.number();
    const rows = from.number();
    const vectors = from.floats(words);
    const excluded = from.numbers(rows);
    return { vectors, k, eligible, excluded, ...effort };
  });
}

/** What a search thread found for each search of a batch. */
export function packCandidates(found: readonly Candidates[]): ArrayBuffer {
  let words = 1;
  for (const { rows, counts } of found) words += 2 + counts.length + 2 * rows.length;
  const to = new WordWriter(words);
  to.number(found.length);
  for (const { rows, values, counts } of found) {
    to.number(counts.length);
    to.number(rows.length);
    to.numbers(counts);
    to.numbers(rows);
    to.floats(values);
  }
  return to.buffer;
}

/** As they were packed, with what holds for all of them; they view the buffer. */
export function unpackCandidates<Common extends object>(
  buffer: ArrayBuffer,
  common: Common,
): (Candidates & Common)[] {
  const from = new WordReader(buffer);
  return Array.from({ length: from.number() }, () => {
    const heads = from.number();
    const length = from.number();
    const counts = from.numbers(heads);
    const rows = from.numbers(length);
    return { rows, values: from.floats(length), counts, ...common };
  });
}
