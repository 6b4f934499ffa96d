import type { LiveItems } from "./live-items.ts";

/** How many rows there are, and where a compiled id is. */
interface Compiled {
  readonly count: number;
  rowOf(id: number): number;
}

/** Which compiled rows must not be returned any more, to be asked of each row of each answer. */
export class HiddenMask {
  readonly #live: LiveItems;
  readonly #compiled: Compiled;
  /** Made when it is first asked for: usually there is nothing to hide. */
  #mask: Uint8Array | null = null;
  /** Hidden items that are in the mask. */
  #marked = 0;

  constructor(live: LiveItems, compiled: Compiled) {
    this.#live = live;
    this.#compiled = compiled;
  }

  /** Of each row 1 where it is hidden, else 0: as it is now. */
  now(): Uint8Array {
    this.#mask ??= new Uint8Array(this.#compiled.count);
    if (this.#marked < this.#live.hidden) {
      for (const id of this.#live.hiddenIds(this.#marked)) {
        this.#mask[this.#compiled.rowOf(id)] = 1;
      }
      this.#marked = this.#live.hidden;
    }
    return this.#mask;
  }
}
