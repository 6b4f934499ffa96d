import { passes } from "../../src/retrieval/filter/item-filter.ts";
import type { Filter } from "../../src/retrieval/filter/grammar.ts";
import { type Changes, type ItemContent, VersionGate } from "../live/changes.ts";
import { RowBitmap } from "./row-bitmap.ts";

/** Rows whose attributes are no longer those of the posting lists, and what they are now. */
export class ChangedRows {
  readonly #gate = new VersionGate();
  /** Row -> what it is now; null: it is no more. */
  readonly #items = new Map<number, Pick<ItemContent, "attributes"> | null>();
  #touched = RowBitmap.of(new Uint32Array(0));

  get version(): number {
    return this.#gate.version;
  }

  get count(): number {
    return this.#items.size;
  }

  /** @returns the version held now: below `since` where nothing was applied. */
  apply(changes: Changes): number {
    if (!this.#gate.admits(changes)) return this.version;
    for (const { row, item } of changes.items) {
      this.#items.set(row, item === null ? null : { attributes: item.attributes });
    }
    if (changes.items.length > 0)
      this.#touched = RowBitmap.of(Uint32Array.from(this.#items.keys()));
    this.#gate.pass(changes);
    return this.version;
  }

  /** The rows that pass now, of those that the posting lists name. @param filter Bound before. */
  correct(filter: Filter, found: RowBitmap): RowBitmap {
    const passing: number[] = [];
    for (const [row, item] of this.#items) {
      if (item !== null && passes(filter, item)) passing.push(row);
    }
    return RowBitmap.or([found.andNot(this.#touched), RowBitmap.of(Uint32Array.from(passing))]);
  }
}
