import type { ComparisonOp } from "../../src/retrieval/filter/grammar.ts";
import { type Bitmap, type BitmapScope, bitmapOf } from "./bitmap.ts";

/** A numeric column in order of its values: what is kept on disk. */
export interface SortedColumn {
  /** Rows that have a value, by value ascending, then row. */
  readonly rows: Uint32Array;
  /** float32, the value of each of `rows`. */
  readonly values: Float32Array;
}

/** Most prefix bitmaps a column has, and most bytes they may take. */
const MAX_PREFIXES = 256;
const MAX_PREFIX_BYTES = 64 * 2 ** 20;

/** Below this many rows a range is made into a bitmap directly. */
const SHORT_RANGE = 2048;

/** Sorts a column; rows without a value (NaN) are left out. */
export function sortColumn(values: Float32Array): SortedColumn {
  const present = new Uint32Array(values.length);
  let count = 0;
  for (let row = 0; row < values.length; row++)
    if (!Number.isNaN(values[row])) present[count++] = row;
  const rows = present.subarray(0, count).toSorted((a, b) => values[a]! - values[b]! || a - b);
  return { rows, values: Float32Array.from(rows, (row) => values[row]!) };
}

/**
 * Answers comparisons with bitmaps. A range of values is a range of the sorted rows; for some
 * positions of that order the bitmap of all rows before it is kept, so that any range is the
 * difference of two of them, mended by the few rows in between. Positions are where the value
 * changes, or evenly spaced where that is too often.
 */
export class NumericIndex {
  readonly #column: SortedColumn;
  /** Ascending; the first is 0, the last is the number of rows. */
  readonly #positions: Uint32Array;
  readonly #prefixes: readonly Bitmap[];

  /** @param items Rows of the catalogue. */
  constructor(column: SortedColumn, items: number) {
    this.#column = column;
    this.#positions = choosePositions(column.values, items);
    const prefixes: Bitmap[] = [bitmapOf(new Uint32Array(0))];
    for (let i = 1; i < this.#positions.length; i++) {
      const prefix = prefixes[i - 1]!.clone();
      prefix.addMany(column.rows.subarray(this.#positions[i - 1], this.#positions[i]).toSorted());
      prefixes.push(prefix);
    }
    this.#prefixes = prefixes;
  }

  /** @param value A float32 value or an infinity. */
  compare(op: ComparisonOp, value: number, scope: BitmapScope): Bitmap {
    const { values } = this.#column;
    const below = lowerBound(values, value);
    const upTo = upperBound(values, value);
    switch (op) {
      case "<":
        return this.#range(0, below, scope);
      case "<=":
        return this.#range(0, upTo, scope);
      case ">":
        return this.#range(upTo, values.length, scope);
      case ">=":
        return this.#range(below, values.length, scope);
      case "=":
        return this.#range(below, upTo, scope);
      case "!=":
        return scope.andNot(this.#prefixes.at(-1)!, this.#range(below, upTo, scope));
    }
  }

  /** The rows at positions from .. to of the sorted order. */
  #range(from: number, to: number, scope: BitmapScope): Bitmap {
    if (to - from <= SHORT_RANGE) return scope.keep(bitmapOf(this.#sorted(from, to)));
    const before = this.#before(to, scope);
    return from === 0 ? before : scope.andNot(before, this.#before(from, scope));
  }

  /** The rows before a position: the nearest prefix, mended. */
  #before(position: number, scope: BitmapScope): Bitmap {
    const positions = this.#positions;
    const above = lowerBound(positions, position);
    if (positions[above] === position) return this.#prefixes[above]!;
    const isNearerAbove = positions[above]! - position < position - positions[above - 1]!;
    const nearest = isNearerAbove ? above : above - 1;
    const mended = scope.own(this.#prefixes[nearest]!);
    if (isNearerAbove) mended.removeMany(this.#sorted(position, positions[nearest]!));
    else mended.addMany(this.#sorted(positions[nearest]!, position));
    return mended;
  }

  #sorted(from: number, to: number): Uint32Array {
    return this.#column.rows.subarray(from, to).toSorted();
  }
}

function choosePositions(values: Float32Array, items: number): Uint32Array {
  const most = Math.max(
    1,
    Math.min(MAX_PREFIXES, Math.floor(MAX_PREFIX_BYTES / Math.max(1, items / 8))),
  );
  const changes: number[] = [];
  for (let i = 1; i < values.length && changes.length < most; i++) {
    if (values[i] !== values[i - 1]) changes.push(i);
  }
  if (changes.length < most) return Uint32Array.from(new Set([0, ...changes, values.length]));
  const steps = Array.from({ length: most }, (_, i) =>
    Math.round(((i + 1) * values.length) / most),
  );
  return Uint32Array.from(new Set([0, ...steps]));
}

/** Position of the first entry of ascending values that is at least `value`. */
function lowerBound(values: Float32Array | Uint32Array, value: number): number {
  return bound(values.length, (at) => values[at]! < value);
}

/** Position of the first entry of ascending values that is above `value`. */
function upperBound(values: Float32Array, value: number): number {
  return bound(values.length, (at) => values[at]! <= value);
}

/** The first position of 0 .. length for which `isBefore` is no longer true. */
function bound(length: number, isBefore: (at: number) => boolean): number {
  let from = 0;
  let to = length;
  while (from < to) {
    const middle = (from + to) >>> 1;
    if (isBefore(middle)) from = middle + 1;
    else to = middle;
  }
  return from;
}
