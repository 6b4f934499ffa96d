import { type HiddenRows, hiddenRows } from "../engine/fresh-items.ts";
import type { LiveItems } from "./live-items.ts";

/** The compiled rows that no request may get, to be told to an engine. */
export class HiddenList {
  readonly #live: LiveItems;
  readonly #compiled: { rowOf(id: number): number };
  #hidden = hiddenRows(new Uint32Array(0));

  constructor(live: LiveItems, compiled: { rowOf(id: number): number }) {
    this.#live = live;
    this.#compiled = compiled;
  }

  /** As it is now; the same object as long as nothing changes. */
  now(): HiddenRows {
    const { rows } = this.#hidden;
    if (rows.length < this.#live.hidden) {
      const ids = this.#live.hiddenIds(rows.length);
      const added = Uint32Array.from(ids, (id) => this.#compiled.rowOf(id)).toSorted();
      this.#hidden = hiddenRows(mergedRows(rows, added));
    }
    return this.#hidden;
  }
}

/** Both ascending, and none in both. */
function mergedRows(rows: Uint32Array, added: Uint32Array): Uint32Array {
  const all = new Uint32Array(rows.length + added.length);
  for (let at = 0, old = 0, young = 0; at < all.length; at++) {
    const isOld = young === added.length || (old < rows.length && rows[old]! < added[young]!);
    all[at] = isOld ? rows[old++]! : added[young++]!;
  }
  return all;
}
