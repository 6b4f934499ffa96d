import type { BoundFilter } from "../../src/retrieval/filter/bind.ts";
import type { EligibleRows } from "../services.ts";
import type { NumericIndex } from "./numeric-index.ts";
import { RowBitmap } from "./row-bitmap.ts";

/** A column as the index answers for it. */
export type IndexedColumn =
  /** [code] the rows that have it. */
  | { readonly kind: "categorical"; readonly postings: readonly RowBitmap[] }
  | { readonly kind: "numeric"; readonly index: NumericIndex };

/** Evaluates filters by set operations on bitmaps of rows. */
export class InvertedIndex {
  readonly #items: number;
  readonly #columns: readonly IndexedColumn[];
  readonly #everyRow: RowBitmap;

  /** @param everyRow All that there are; absent: those from 0 on. */
  constructor(items: number, columns: readonly IndexedColumn[], everyRow?: RowBitmap) {
    this.#items = items;
    this.#columns = columns;
    this.#everyRow = everyRow ?? RowBitmap.full(items);
  }

  /**
   * @param filter Bound to the columns in the order they were given.
   * @param correct Where items have changed since: gives the rows that pass now.
   */
  evaluate(
    filter: BoundFilter,
    correct: ((found: RowBitmap) => RowBitmap) | null = null,
  ): EligibleRows {
    if (correct !== null) {
      const { count, bytes } = correct(this.rowsOf(filter)).serialize();
      return { bitmap: bytes, count };
    }
    if (filter.kind === "all") return { bitmap: null, count: this.#items };
    const { count, bytes } = this.rowsOf(filter).serialize();
    return { bitmap: count === this.#items ? null : bytes, count };
  }

  /** @param filter As in `evaluate`. */
  rowsOf(filter: BoundFilter): RowBitmap {
    switch (filter.kind) {
      case "all":
        return this.#everyRow;
      case "and":
        return this.#intersect(filter.parts);
      case "or":
        return RowBitmap.or(filter.parts.map((part) => this.rowsOf(part)));
      case "not":
        return this.#everyRow.andNot(this.rowsOf(filter.part));
      case "in":
        return this.#withAny(filter.column, filter.codes);
      case "compare": {
        const column = this.#columns[filter.column]!;
        if (column.kind !== "numeric") throw new TypeError("a comparison was bound to values");
        return column.index.compare(filter.op, filter.value);
      }
    }
  }

  #withAny(position: number, codes: readonly number[]): RowBitmap {
    const column = this.#columns[position]!;
    if (column.kind !== "categorical") throw new TypeError("a value was bound to numbers");
    return RowBitmap.or(codes.map((code) => column.postings[code]!));
  }

  /** The lightest sets first; what is negated is taken away instead of being complemented. */
  #intersect(parts: readonly BoundFilter[]): RowBitmap {
    const kept: RowBitmap[] = [];
    const removed: RowBitmap[] = [];
    for (const part of parts) {
      if (part.kind === "not") removed.push(this.rowsOf(part.part));
      else kept.push(this.rowsOf(part));
    }
    const [first = this.#everyRow, ...rest] = kept.toSorted((a, b) => a.weight - b.weight);
    const both = rest.reduce((rows, bitmap) => rows.and(bitmap), first);
    return removed.reduce((rows, bitmap) => rows.andNot(bitmap), both);
  }
}
