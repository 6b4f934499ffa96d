import type { Filter } from "../../src/retrieval/filter/grammar.ts";
import { passes } from "../../src/retrieval/filter/item-filter.ts";
import type { LiveItems } from "./live-items.ts";

/**
 * Which fresh items a filter lets through, a bit a slot. What a slot holds never changes, so each
 * is looked at once, however often the filter is asked for.
 */
export class SlotFilter {
  readonly #filter: Filter;
  #passed = new Uint32Array(8);
  #known = 0;

  constructor(filter: Filter) {
    this.#filter = filter;
  }

  /** Sets to -inf what the filter does not let through. @param penalties a number a slot. */
  bar(penalties: Float32Array, live: LiveItems): void {
    if (this.#filter.kind === "all") return;
    this.#learn(live, penalties.length);
    for (let slot = 0; slot < penalties.length; slot++) {
      if (((this.#passed[slot >>> 5]! >>> (slot & 31)) & 1) === 0) penalties[slot] = -Infinity;
    }
  }

  /** Whether it lets through what a slot holds. */
  passes(slot: number, live: LiveItems): boolean {
    if (this.#filter.kind === "all") return true;
    this.#learn(live, slot + 1);
    return ((this.#passed[slot >>> 5]! >>> (slot & 31)) & 1) === 1;
  }

  #learn(live: LiveItems, count: number): void {
    if (count > 32 * this.#passed.length) {
      const wider = new Uint32Array(2 * Math.ceil(count / 32));
      wider.set(this.#passed);
      this.#passed = wider;
    }
    for (; this.#known < count; this.#known++) {
      const item = live.at(this.#known);
      // What is gone stays so.
      if (item === null || !passes(this.#filter, item)) continue;
      this.#passed[this.#known >>> 5]! |= 1 << (this.#known & 31);
    }
  }
}
