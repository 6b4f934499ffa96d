import type { BoundFilter } from "../../src/retrieval/filter/bind.ts";
import { type Bitmap, BitmapScope, bitmapOf, fullBitmap, packBitmap } from "./bitmap.ts";
import type { EligibleRows } from "../services.ts";
import type { NumericIndex } from "./numeric-index.ts";

/** A column as the index answers for it. */
export type IndexedColumn =
  /** [code] the rows that have it. */
  | { readonly kind: "categorical"; readonly postings: readonly Bitmap[] }
  | { readonly kind: "numeric"; readonly index: NumericIndex };

/** Evaluates filters by set operations on bitmaps of rows. */
export class InvertedIndex {
  readonly #items: number;
  readonly #columns: readonly IndexedColumn[];

  constructor(items: number, columns: readonly IndexedColumn[]) {
    this.#items = items;
    this.#columns = columns;
  }

  /** @param filter Bound to the columns in the order they were given. */
  evaluate(filter: BoundFilter): EligibleRows {
    if (filter.kind === "all") return this.#everything();
    const scope = new BitmapScope();
    try {
      const rows = this.#rowsOf(filter, scope);
      const count = rows.size;
      return count === this.#items ? this.#everything() : { bitmap: packBitmap(rows), count };
    } finally {
      scope.dispose();
    }
  }

  #everything(): EligibleRows {
    return { bitmap: null, count: this.#items };
  }

  /** The result may belong to the index: change only what `scope` owns. */
  #rowsOf(filter: BoundFilter, scope: BitmapScope): Bitmap {
    switch (filter.kind) {
      case "all":
        return scope.keep(fullBitmap(this.#items));
      case "and":
        return this.#intersect(filter.parts, scope);
      case "or":
        return scope.or(filter.parts.map((part) => this.#rowsOf(part, scope)));
      case "not":
        return scope.not(this.#rowsOf(filter.part, scope), this.#items);
      case "in":
        return this.#withAny(filter.column, filter.codes, scope);
      case "compare": {
        const column = this.#columns[filter.column]!;
        if (column.kind !== "numeric") throw new TypeError("a comparison was bound to values");
        return column.index.compare(filter.op, filter.value, scope);
      }
    }
  }

  #withAny(position: number, codes: readonly number[], scope: BitmapScope): Bitmap {
    const column = this.#columns[position]!;
    if (column.kind !== "categorical") throw new TypeError("a value was bound to numbers");
    const [only] = codes;
    if (only === undefined) return scope.keep(bitmapOf(new Uint32Array(0)));
    if (codes.length === 1) return column.postings[only]!;
    return scope.or(codes.map((code) => column.postings[code]!));
  }

  /** Smallest sets first; what is negated is taken away instead of being flipped. */
  #intersect(parts: readonly BoundFilter[], scope: BitmapScope): Bitmap {
    const kept: Bitmap[] = [];
    const removed: Bitmap[] = [];
    for (const part of parts) {
      if (part.kind === "not") removed.push(this.#rowsOf(part.part, scope));
      else kept.push(this.#rowsOf(part, scope));
    }
    if (kept.length === 0) return scope.not(scope.or(removed), this.#items);
    const [first, ...rest] = kept
      .map((bitmap) => ({ bitmap, size: bitmap.size }))
      .toSorted((a, b) => a.size - b.size);
    let rows = first!.bitmap;
    for (const { bitmap } of rest) rows = scope.and(rows, bitmap);
    for (const bitmap of removed) rows = scope.andNot(rows, bitmap);
    return rows;
  }
}
