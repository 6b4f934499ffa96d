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

  /** Leaves of some slots those that it lets through. @param slots a bit a slot. */
  keep(slots: Uint32Array, live: LiveItems): void {
    if (this.#filter.kind === "all") return;
    for (let word = 0; word < slots.length; word++) {
      const asked = slots[word]!;
      if (asked !== 0) slots[word] = asked & this.#passedOf(word, live, asked);
    }
  }

  /** Bits of the slots of a word; those asked for are right. */
  #passedOf(word: number, live: LiveItems, asked: number): number {
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

/** Its number. @param bits not 0. */
const lowestBit = (bits: number): number => 31 - Math.clz32(bits & -bits);
