import type { Column } from "../../src/retrieval/catalogue.ts";
import type { Filter } from "../../src/retrieval/filter/grammar.ts";
import { passes } from "../../src/retrieval/filter/item-filter.ts";
import { type Changes, VersionGate } from "../live/changes.ts";
import { type Attributes, FoldedItems } from "./folded-items.ts";
import { RowBitmap } from "./row-bitmap.ts";

/** Rows that are looked at one by one, above which they get posting lists; and their share of those. */
const FOLD_AFTER = 1_024;
const FOLD_SHARE = 0.25;

/** Rows whose attributes are no longer those of the posting lists, and what they are now. */
export class ChangedRows {
  readonly #columns: readonly Pick<Column, "kind" | "name">[];
  readonly #foldAfter: number;
  readonly #gate = new VersionGate();
  /** Row -> what it is now; null: it is no more. */
  readonly #items = new Map<number, Attributes | null>();
  #touched = NO_ROWS;
  #folded: FoldedItems | null = null;
  /** Those that changed since the others were folded. */
  #fresh = new Map<number, Attributes | null>();
  #freshTouched = NO_ROWS;

  /** @param columns Names and kinds. @param foldAfter For tests. */
  constructor(columns: readonly Pick<Column, "kind" | "name">[], foldAfter = FOLD_AFTER) {
    this.#columns = columns;
    this.#foldAfter = foldAfter;
  }

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
      const held = item === null ? null : { attributes: item.attributes };
      this.#items.set(row, held);
      this.#fresh.set(row, held);
    }
    if (changes.items.length > 0) {
      this.#touched = rowsOf(this.#items);
      const most = Math.max(this.#foldAfter, FOLD_SHARE * (this.#folded?.count ?? 0));
      if (this.#fresh.size > most) this.#fold();
      this.#freshTouched = rowsOf(this.#fresh);
    }
    this.#gate.pass(changes);
    return this.version;
  }

  /** The rows that pass now, of those that the posting lists name. @param filter Bound before. */
  correct(filter: Filter, found: RowBitmap): RowBitmap {
    const passing: number[] = [];
    for (const [row, item] of this.#fresh) {
      if (item !== null && passes(filter, item)) passing.push(row);
    }
    const parts = [found.andNot(this.#touched), RowBitmap.of(Uint32Array.from(passing))];
    if (this.#folded !== null) {
      parts.push(this.#folded.passing(filter).andNot(this.#freshTouched));
    }
    return RowBitmap.or(parts);
  }

  #fold(): void {
    const present = new Map<number, Attributes>();
    for (const [row, item] of this.#items) if (item !== null) present.set(row, item);
    this.#folded = new FoldedItems(present, this.#columns);
    this.#fresh = new Map();
  }
}

const NO_ROWS = RowBitmap.of(new Uint32Array(0));

const rowsOf = (items: ReadonlyMap<number, unknown>): RowBitmap =>
  RowBitmap.of(Uint32Array.from(items.keys()));
