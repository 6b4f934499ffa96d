import type { CategoricalColumn, Column } from "../../src/retrieval/catalogue.ts";
import type { AttributeIndex, CategoricalRows, NumericRows } from "./attribute-index.ts";
import { Bitmap, type BitmapLayout } from "./bitmap-layout.ts";
import { digitAt } from "./digits.ts";
import { signatureBits, type Signatures } from "./signature.ts";

/** Bitmaps that are filled, and so in memory, at a time. */
const STRIP_ROWS = 128;

/** The bitmaps of an attribute index, row after row, as the weights file holds them. */
export function* bitmapTable(
  index: AttributeIndex,
  columns: readonly Column[],
  layout: BitmapLayout,
): Generator<Uint8Array> {
  for (const { bytes } of bitmapsOf(index, columns, layout)) yield bytes;
}

function* bitmapsOf(
  index: AttributeIndex,
  columns: readonly Column[],
  layout: BitmapLayout,
): Generator<Bitmap> {
  const all = new Bitmap(layout);
  for (let item = 0; item < layout.items; item++) all.add(item);
  yield all;
  if (index.signatures !== null) yield* signatureTable(index.signatures, columns, layout);
  for (const [at, entry] of index.columns.entries()) {
    if (entry.kind === "categorical") {
      yield* categoricalTable(entry, columns[at] as CategoricalColumn, layout);
    } else if (entry.kind === "numeric") {
      yield* numericTable(entry, layout);
    }
  }
}

/** Neighbours among bitmaps that are numbered from 0. */
class Strip {
  readonly bitmaps: readonly Bitmap[];
  readonly #first: number;

  constructor(first: number, length: number, layout: BitmapLayout) {
    this.#first = first;
    this.bitmaps = Array.from({ length }, () => new Bitmap(layout));
  }

  /** null: another strip holds it. */
  bitmap(number: number): Bitmap | null {
    const at = number - this.#first;
    return at >= 0 && at < this.bitmaps.length ? this.bitmaps[at]! : null;
  }
}

function* strips(count: number, layout: BitmapLayout): Generator<Strip> {
  for (let first = 0; first < count; first += STRIP_ROWS) {
    yield new Strip(first, Math.min(STRIP_ROWS, count - first), layout);
  }
}

/** A bitmap a position of the signatures. */
function* signatureTable(
  signatures: Signatures,
  columns: readonly Column[],
  layout: BitmapLayout,
): Generator<Bitmap> {
  for (const strip of strips(signatures.bits, layout)) {
    for (const [at, column] of columns.entries()) {
      if (column.kind !== "categorical") continue;
      const { offsets, values } = column;
      const held = column.vocabulary.map((_, code) =>
        signatureBits(signatures, at, code).flatMap((bit) => strip.bitmap(bit) ?? []),
      );
      for (let item = 0; item < layout.items; item++) {
        for (let value = offsets[item]!; value < offsets[item + 1]!; value++) {
          const own = held[values[value]!]!;
          for (let bit = 0; bit < own.length; bit++) own[bit]!.add(item);
        }
      }
    }
    yield* strip.bitmaps;
  }
}

function* categoricalTable(
  { digits, slots }: CategoricalRows,
  { offsets, values }: CategoricalColumn,
  layout: BitmapLayout,
): Generator<Bitmap> {
  for (let slot = 0; slot < slots; slot++) {
    for (let position = 0; position < digits.count; position++) {
      const digit = digitAt(digits, position);
      for (const strip of strips(digits.base, layout)) {
        for (let item = 0; item < layout.items; item++) {
          const end = offsets[item + 1]!;
          // The only slot is that of all values.
          const last = slots === 1 ? end : Math.min(end, offsets[item]! + slot + 1);
          for (let at = offsets[item]! + slot; at < last; at++) {
            strip.bitmap(digit(values[at]!))?.add(item);
          }
        }
        yield* strip.bitmaps;
      }
    }
  }
}

function* numericTable({ digits, ranks }: NumericRows, layout: BitmapLayout): Generator<Bitmap> {
  for (let position = 0; position < digits.count; position++) {
    const digit = digitAt(digits, position);
    let before: Bitmap | null = null;
    for (const strip of strips(digits.base, layout)) {
      for (let item = 0; item < layout.items; item++) {
        if (ranks[item]! >= 0) strip.bitmap(digit(ranks[item]!))?.add(item);
      }
      for (const bitmap of strip.bitmaps) {
        // From "has this digit" to "has this digit or a smaller one".
        if (before !== null) bitmap.addAll(before);
        before = bitmap;
        yield bitmap;
      }
    }
  }
}
