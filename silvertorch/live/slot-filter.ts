import type { Filter } from "../../src/retrieval/filter/grammar.ts";
import { passes } from "../../src/retrieval/filter/item-filter.ts";
import type { LiveItems } from "./live-items.ts";

/**
 * Which fresh items a filter lets through. What a slot holds never changes, so each is looked at
 * once, when it is first asked for, however often that is.
 */
export class SlotFilter {
  readonly #filter: Filter;
  /** A bit a slot: whether it was looked at, and whether it passed. */
  #known = new Uint32Array(8);
  #passed = new Uint32Array(8);

  constructor(filter: Filter) {
    this.#filter = filter;
  }

  /** Sets to -inf what the filter does not let through. @param penalties a number a slot. */
  bar(penalties: Float32Array, live: LiveItems): void {
    if (this.#filter.kind === "all") return;
    const count = penalties.length;
    for (let word = 0, from = 0; from < count; word++, from += SLOTS) {
      let barred = ~this.#passedOf(word, live) & firstBits(count - from);
      // Usually alike, for items come in batches of their owner's.
      if (barred === ALL) penalties.fill(-Infinity, from, from + SLOTS);
      else
        for (; barred !== 0; barred &= barred - 1) penalties[from + lowestBit(barred)] = -Infinity;
    }
  }

  /** Whether it lets through what a slot holds. */
  passes(slot: number, live: LiveItems): boolean {
    if (this.#filter.kind === "all") return true;
    const bit = 1 << (slot & 31);
    return (this.#passedOf(slot >>> 5, live, bit) & bit) !== 0;
  }

  /** Bits of the slots of a word; those asked for are right. @param asked bits; default: all there are. */
  #passedOf(word: number, live: LiveItems, asked = firstBits(live.count - SLOTS * word)): number {
    if (word >= this.#known.length) this.#widen(2 * word);
    let unknown = asked & ~this.#known[word]!;
    for (; unknown !== 0; unknown &= unknown - 1) {
      const nth = lowestBit(unknown);
      const item = live.at(SLOTS * word + nth);
      // What is gone stays so.
      if (item !== null && passes(this.#filter, item)) this.#passed[word]! |= 1 << nth;
    }
    this.#known[word]! |= asked;
    return this.#passed[word]!;
  }

  #widen(words: number): void {
    const wider = (bits: Uint32Array): Uint32Array<ArrayBuffer> => {
      const all = new Uint32Array(words);
      all.set(bits);
      return all;
    };
    this.#known = wider(this.#known);
    this.#passed = wider(this.#passed);
  }
}

/** Slots of a word. */
const SLOTS = 32;
const ALL = -1;

/** So many of a word's bits, from the lowest on. */
const firstBits = (count: number): number => (count >= SLOTS ? ALL : 2 ** count - 1);

/** Its number. @param bits not 0. */
const lowestBit = (bits: number): number => 31 - Math.clz32(bits & -bits);
