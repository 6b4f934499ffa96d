import { ascendingRows } from "../../src/math/ascending-rows.ts";
import type { ComparisonOp } from "../../src/retrieval/filter/grammar.ts";
import { RowBitmap } from "./row-bitmap.ts";

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
  const rows = ascendingRows(values);
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
  readonly #prefixes: readonly RowBitmap[];

  /** @param items Rows of the catalogue. @param mostPrefixes Bitmaps that are kept. */
  constructor(column: SortedColumn, items: number, mostPrefixes = MAX_PREFIXES) {
    this.#column = column;
    this.#positions = choosePositions(column.values, items, mostPrefixes);
    const prefixes = [this.#rows(0, 0)];
    for (let i = 1; i < this.#positions.length; i++) {
      const next = this.#rows(this.#positions[i - 1]!, this.#positions[i]!);
      prefixes.push(RowBitmap.or([prefixes[i - 1]!, next]));
    }
    this.#prefixes = prefixes;
  }

  /** @param value A float32 value or an infinity. */
  compare(op: ComparisonOp, value: number): RowBitmap {
    const { values } = this.#column;
    const below = lowerBound(values, value);
    const upTo = upperBound(values, value);
    switch (op) {
      case "<":
        return this.#range(0, below);
      case "<=":
        return this.#range(0, upTo);
      case ">":
        return this.#range(upTo, values.length);
      case ">=":
        return this.#range(below, values.length);
      case "=":
        return this.#range(below, upTo);
      case "!=":
        return this.#prefixes.at(-1)!.andNot(this.#range(below, upTo));
    }
  }

  /** The rows at positions from .. to of the sorted order. */
  #range(from: number, to: number): RowBitmap {
    if (to - from <= SHORT_RANGE) return this.#rows(from, to);
    const before = this.#before(to);
    return from === 0 ? before : before.andNot(this.#before(from));
  }

  /** The rows before a position: the nearest prefix, mended. */
  #before(position: number): RowBitmap {
    const positions = this.#positions;
    const above = lowerBound(positions, position);
    if (positions[above] === position) return this.#prefixes[above]!;
    const under = above - 1;
    const { rows } = this.#column;
    return positions[above]! - position < position - positions[under]!
      ? this.#prefixes[above]!.mended(rows.subarray(position, positions[above]), false)
      : this.#prefixes[under]!.mended(rows.subarray(positions[under], position), true);
  }

  #rows(from: number, to: number): RowBitmap {
    return RowBitmap.of(this.#column.rows.subarray(from, to));
  }
}

function choosePositions(values: Float32Array, items: number, mostPrefixes: number): Uint32Array {
  const most = Math.max(
    1,
    Math.min(mostPrefixes, Math.floor(MAX_PREFIX_BYTES / Math.max(1, items / 8))),
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
