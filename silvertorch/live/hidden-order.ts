import type { LiveItems } from "./live-items.ts";

/** How many rows there are, and where a compiled id is. */
interface Compiled {
  readonly count: number;
  rowOf(id: number): number;
}

/** Which compiled rows must not be returned any more, to be asked of each row of each answer. */
export class HiddenOrder {
  readonly #live: LiveItems;
  readonly #compiled: Compiled;
  /** Made when it is first asked for: usually there is nothing to hide. */
  #order: Uint32Array | null = null;
  /** Hidden items that are in it. */
  #marked = 0;

  constructor(live: LiveItems, compiled: Compiled) {
    this.#live = live;
    this.#compiled = compiled;
  }

  /**
   * Of each row how many were hidden once it was, or 0 where it is not. What is in it never changes, so
   * that one who began when there were n finds the rows hidden then: those from 1 to n.
   */
  now(): Uint32Array {
    this.#order ??= new Uint32Array(this.#compiled.count);
    if (this.#marked < this.#live.hidden) {
      for (const id of this.#live.hiddenIds(this.#marked)) {
        this.#order[this.#compiled.rowOf(id)] = ++this.#marked;
      }
    }
    return this.#order;
  }
}
