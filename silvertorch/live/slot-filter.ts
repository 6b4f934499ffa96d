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
    for (let slot = 0; slot < penalties.length; slot++) {
      if (!this.passes(slot, live)) penalties[slot] = -Infinity;
    }
  }

  /** Whether it lets through what a slot holds. */
  passes(slot: number, live: LiveItems): boolean {
    if (this.#filter.kind === "all") return true;
    const word = slot >>> 5;
    const bit = 1 << (slot & 31);
    if (word >= this.#known.length) this.#widen(2 * word);
    if ((this.#known[word]! & bit) === 0) {
      this.#known[word]! |= bit;
      const item = live.at(slot);
      // What is gone stays so.
      if (item !== null && passes(this.#filter, item)) this.#passed[word]! |= bit;
    }
    return (this.#passed[word]! & bit) !== 0;
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
