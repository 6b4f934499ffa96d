import type { CategoricalColumn, Column, NumericColumn } from "../../src/retrieval/catalogue.ts";
import {
  rowsOf,
  upperBound,
  type AttributeIndex,
  type CategoricalRows,
  type NumericRows,
} from "./attribute-index.ts";
import { Bitmap, type BitmapLayout } from "./bitmap-layout.ts";
import { digitOf } from "./digits.ts";
import { signatureBits, type Signatures } from "./signature.ts";

/**
 * The bitmaps of an attribute index, row after row, as the weights file holds them. One column's
 * bitmaps are in memory at a time.
 */
export function* bitmapTable(
  index: AttributeIndex,
  columns: readonly Column[],
  layout: BitmapLayout,
): Generator<Uint8Array> {
  const all = new Bitmap(layout);
  for (let item = 0; item < layout.items; item++) all.add(item);
  yield all.bytes;
  if (index.signatures !== null) yield* signatureTable(index.signatures, columns, layout);
  for (const [at, entry] of index.columns.entries()) {
    if (entry.kind === "signed") continue;
    const bitmaps = Array.from({ length: rowsOf(entry) }, () => new Bitmap(layout));
    if (entry.kind === "categorical") {
      fillCategorical(bitmaps, entry, columns[at] as CategoricalColumn);
    } else {
      fillNumeric(bitmaps, entry, columns[at] as NumericColumn);
    }
    for (const { bytes } of bitmaps) yield bytes;
  }
}

/** A bitmap a position of the signatures. */
function* signatureTable(
  signatures: Signatures,
  columns: readonly Column[],
  layout: BitmapLayout,
): Generator<Uint8Array> {
  const bitmaps = Array.from({ length: signatures.bits }, () => new Bitmap(layout));
  for (const [at, column] of columns.entries()) {
    if (column.kind !== "categorical") continue;
    const bitsOf = column.vocabulary.map((_, code) => signatureBits(signatures, at, code));
    for (let item = 0; item < layout.items; item++) {
      for (let value = column.offsets[item]!; value < column.offsets[item + 1]!; value++) {
        for (const bit of bitsOf[column.values[value]!]!) bitmaps[bit]!.add(item);
      }
    }
  }
  for (const { bytes } of bitmaps) yield bytes;
}

function fillCategorical(
  bitmaps: readonly Bitmap[],
  { digits, slots }: CategoricalRows,
  { offsets, values }: CategoricalColumn,
): void {
  for (let item = 0; item + 1 < offsets.length; item++) {
    const first = offsets[item]!;
    for (let at = first; at < offsets[item + 1]!; at++) {
      const slot = slots === 1 ? 0 : at - first;
      for (let position = 0; position < digits.count; position++) {
        const digit = digitOf(digits, values[at]!, position);
        bitmaps[(slot * digits.count + position) * digits.base + digit]!.add(item);
      }
    }
  }
}

function fillNumeric(
  bitmaps: readonly Bitmap[],
  { digits, distinct }: NumericRows,
  { values }: NumericColumn,
): void {
  for (let item = 0; item < values.length; item++) {
    const value = values[item]!;
    if (Number.isNaN(value)) continue;
    const rank = upperBound(distinct, value) - 1;
    for (let position = 0; position < digits.count; position++) {
      bitmaps[position * digits.base + digitOf(digits, rank, position)]!.add(item);
    }
  }
  // From "has this digit" to "has this digit or a smaller one".
  for (let row = 0; row < bitmaps.length; row++) {
    if (row % digits.base > 0) bitmaps[row]!.addAll(bitmaps[row - 1]!);
  }
}
