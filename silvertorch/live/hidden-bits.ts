import { setBit, wordsFor } from "../../src/math/bit-words.ts";
import type { LiveItems } from "./live-items.ts";

/** How many rows there are, and where a compiled id is. */
interface Compiled {
  readonly count: number;
  rowOf(id: number): number;
}

/**
 * Which compiled rows must not be returned any more, to be asked of each row of each answer: a bit a
 * row, so that all of it stays in the processor's cache.
 */
export class HiddenBits {
  readonly #live: LiveItems;
  readonly #compiled: Compiled;
  #bits: Uint32Array;
  /** Hidden items that are in it. */
  #marked = 0;

  constructor(live: LiveItems, compiled: Compiled) {
    this.#live = live;
    this.#compiled = compiled;
    this.#bits = new Uint32Array(wordsFor(compiled.count));
  }

  /** As it is now, and stays: what is hidden later is in another. */
  now(): Uint32Array {
    if (this.#marked < this.#live.hidden) {
      this.#bits = this.#bits.slice();
      for (const id of this.#live.hiddenIds(this.#marked)) {
        setBit(this.#bits, this.#compiled.rowOf(id));
      }
      this.#marked = this.#live.hidden;
    }
    return this.#bits;
  }
}
