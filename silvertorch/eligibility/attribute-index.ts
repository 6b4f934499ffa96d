import { ascendingRows } from "../../src/math/ascending-rows.ts";
import type { CategoricalColumn, Column, NumericColumn } from "../../src/retrieval/catalogue.ts";
import { bitmapsOf, chooseDigits, type Digits } from "./digits.ts";
import type { Signatures } from "./signature.ts";

/**
 * Where the bitmaps of a categorical column begin in the table: row of (slot, position, digit) is
 * `firstRow + (slot * count + position) * base + digit`, and holds the items whose value in that
 * slot has that digit. With one digit there is one slot for all: its rows are posting lists.
 */
export interface CategoricalRows {
  readonly kind: "categorical";
  readonly firstRow: number;
  readonly slots: number;
  readonly digits: Digits;
}

/**
 * The same for a numeric column, over the ranks of its distinct values: row of (position, digit)
 * is `firstRow + position * base + digit`, and holds the items whose rank has that digit *or a
 * smaller one*, so that a comparison with a constant needs one row a digit, two at most (range
 * encoding, O'Neil and Quass, "Improved Query Performance with Variant Indexes", SIGMOD 1997).
 * The last row of each position holds all items that have a number.
 */
export interface NumericRows {
  readonly kind: "numeric";
  readonly firstRow: number;
  readonly digits: Digits;
  /** Distinct numbers, ascending: a rank is a position here. Kept apart from the layout's JSON. */
  readonly distinct: Float32Array;
  /** int32 [items] each item's rank, -1 without a number; empty where the items are not at hand. */
  readonly ranks: Int32Array;
}

/** A categorical column of which only the items' signatures tell: nearly, and never too few. */
export interface SignedColumn {
  readonly kind: "signed";
  /** Position among the columns. */
  readonly column: number;
  readonly signatures: Signatures;
}

/** How the items that satisfy a condition on a column are found. */
export type ColumnRows = CategoricalRows | NumericRows | SignedColumn;

/** Row of the bitmap of all items: what an empty conjunction is. */
export const ALL_ITEMS_ROW = 0;

/** What each row of the bitmap table holds, column by column. */
export interface AttributeIndex {
  readonly columns: readonly ColumnRows[];
  /** What stands for the categorical columns; null: each has rows of its own. */
  readonly signatures: Signatures | null;
  /** Rows of the whole table. */
  readonly rows: number;
}

/**
 * Plans the bitmap table of a catalogue's columns.
 * @param bloom sizes of signatures that stand for the categorical columns; null: exact bitmaps.
 * @param onColumn told how many columns are done.
 */
export function indexAttributes(
  columns: readonly Column[],
  bloom: Pick<Signatures, "bits" | "hashes"> | null,
  onColumn: (done: number) => void = () => {},
): AttributeIndex {
  let rows = ALL_ITEMS_ROW + 1;
  const signatures = bloom === null ? null : { firstRow: rows, ...bloom };
  rows += signatures?.bits ?? 0;
  const planned = columns.map((column, at) => {
    const entry = columnRows(column, rows, signatures && { column: at, signatures });
    rows += rowsOf(entry);
    onColumn(at + 1);
    return entry;
  });
  return { columns: planned, rows, signatures };
}

function columnRows(
  column: Column,
  firstRow: number,
  signed: Omit<SignedColumn, "kind"> | null,
): ColumnRows {
  if (column.kind === "numeric") return numericRows(column, firstRow);
  return signed === null ? categoricalRows(column, firstRow) : { kind: "signed", ...signed };
}

/** Distinct numbers of a numeric column, ascending; none of another. */
export function distinctOf({ columns }: AttributeIndex, column: number): Float32Array {
  const entry = columns[column]!;
  return entry.kind === "numeric" ? entry.distinct : new Float32Array(0);
}

/** Rows of the table that are a column's own. */
export function rowsOf(entry: ColumnRows): number {
  if (entry.kind === "signed") return 0;
  return bitmapsOf(entry.digits, entry.kind === "categorical" ? entry.slots : 1);
}

function categoricalRows(column: CategoricalColumn, firstRow: number): CategoricalRows {
  const { offsets, vocabulary } = column;
  let slots = 1;
  for (let item = 0; item + 1 < offsets.length; item++) {
    slots = Math.max(slots, offsets[item + 1]! - offsets[item]!);
  }
  const digits = chooseDigits(Math.max(1, vocabulary.length), slots);
  return { kind: "categorical", firstRow, digits, slots: digits.count === 1 ? 1 : slots };
}

function numericRows(column: NumericColumn, firstRow: number): NumericRows {
  const { distinct, ranks } = ranked(column.values);
  return {
    kind: "numeric",
    firstRow,
    digits: chooseDigits(Math.max(1, distinct.length), 1),
    distinct,
    ranks,
  };
}

/** The distinct numbers among some, and the rank of each. */
function ranked(values: Float32Array): Pick<NumericRows, "distinct" | "ranks"> {
  const distinct = new Float32Array(values.length);
  const ranks = new Int32Array(values.length).fill(-1);
  const order = ascendingRows(values);
  let found = 0;
  for (let at = 0; at < order.length; at++) {
    const row = order[at]!;
    if (found === 0 || values[row] !== distinct[found - 1]) distinct[found++] = values[row]!;
    ranks[row] = found - 1;
  }
  return { distinct: distinct.slice(0, found), ranks };
}

/** Position of the first of the ascending `values` that is larger than `value`. */
export function upperBound(values: Float32Array, value: number): number {
  let low = 0;
  let high = values.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (values[middle]! <= value) low = middle + 1;
    else high = middle;
  }
  return low;
}
