import type { CategoricalColumn, Column } from "../../src/retrieval/catalogue.ts";
import type { AttributeIndex, CategoricalRows, NumericRows } from "./attribute-index.ts";
import type { BitmapLayout } from "./bitmap-layout.ts";
import { digitAt } from "./digits.ts";
import { signatureBits, type Signatures } from "./signature.ts";

/** Bitmaps that are filled, and so in memory, at a time. */
const STRIP_ROWS = 128;

/**
 * The bitmaps of an attribute index, row after row, as the weights file holds them. All are made in the
 * same memory: each is there until the next is asked for.
 */
export function* bitmapTable(
  index: AttributeIndex,
  columns: readonly Column[],
  layout: BitmapLayout,
): Generator<Uint8Array> {
  const rows = Math.min(STRIP_ROWS, index.rows);
  const place: Place = { layout, memory: new Uint8Array(rows * strideOf(layout)) };
  const all = new Strip(0, 1, place);
  for (let item = 0; item < layout.items; item++) all.add(0, item);
  yield* all.bitmaps();
  if (index.signatures !== null) yield* signatureTable(index.signatures, columns, place);
  for (const [at, entry] of index.columns.entries()) {
    if (entry.kind === "categorical") {
      yield* categoricalTable(entry, columns[at] as CategoricalColumn, place);
    } else if (entry.kind === "numeric") {
      yield* numericTable(entry, place);
    }
  }
}

/** Where strips are filled, one after the other. */
interface Place {
  readonly layout: BitmapLayout;
  readonly memory: Uint8Array;
}

/** Bytes of a bitmap. */
const strideOf = ({ words }: BitmapLayout): number => 8 * words;

/** Neighbours among bitmaps that are numbered from 0: `words` little-endian 64-bit words each. */
class Strip {
  readonly #first: number;
  readonly #length: number;
  readonly #stride: number;
  readonly #bits: Uint32Array;
  readonly #bytes: Uint8Array;

  constructor(first: number, length: number, { layout, memory }: Place) {
    this.#first = first;
    this.#length = length;
    this.#stride = strideOf(layout);
    this.#bits = layout.bits;
    this.#bytes = memory.subarray(0, length * this.#stride).fill(0);
  }

  holds(number: number): boolean {
    return number >= this.#first && number < this.#first + this.#length;
  }

  /** To a bitmap, if it is of this strip. @param item its row */
  add(number: number, item: number): void {
    const at = number - this.#first;
    if (at < 0 || at >= this.#length) return;
    const bit = this.#bits[item]!;
    this.#bytes[at * this.#stride + (bit >>> 3)]! |= 1 << (bit & 7);
  }

  *bitmaps(): Generator<Uint8Array> {
    for (let at = 0; at < this.#length; at++) {
      yield this.#bytes.subarray(at * this.#stride, (at + 1) * this.#stride);
    }
  }
}

function* strips(count: number, place: Place): Generator<Strip> {
  for (let first = 0; first < count; first += STRIP_ROWS) {
    yield new Strip(first, Math.min(STRIP_ROWS, count - first), place);
  }
}

/** A bitmap a position of the signatures. */
function* signatureTable(
  signatures: Signatures,
  columns: readonly Column[],
  place: Place,
): Generator<Uint8Array> {
  for (const strip of strips(signatures.bits, place)) {
    for (const [at, column] of columns.entries()) {
      if (column.kind !== "categorical") continue;
      const { offsets, values } = column;
      const held = column.vocabulary.map((_, code) =>
        signatureBits(signatures, at, code).filter((bit) => strip.holds(bit)),
      );
      for (let item = 0; item < place.layout.items; item++) {
        for (let value = offsets[item]!; value < offsets[item + 1]!; value++) {
          const own = held[values[value]!]!;
          for (let bit = 0; bit < own.length; bit++) strip.add(own[bit]!, item);
        }
      }
    }
    yield* strip.bitmaps();
  }
}

function* categoricalTable(
  { digits, slots }: CategoricalRows,
  column: CategoricalColumn,
  place: Place,
): Generator<Uint8Array> {
  for (let slot = 0; slot < slots; slot++) {
    for (let position = 0; position < digits.count; position++) {
      for (const strip of strips(digits.base, place)) {
        // The only slot is that of all values.
        addValues(strip, column, digitAt(digits, position), slots === 1 ? null : slot);
        yield* strip.bitmaps();
      }
    }
  }
}

/** A function of its own, and no generator: those are made fast again and again. @param slot null: all. */
function addValues(
  strip: Strip,
  { offsets, values }: CategoricalColumn,
  digit: (code: number) => number,
  slot: number | null,
): void {
  for (let item = 0; item + 1 < offsets.length; item++) {
    const start = offsets[item]! + (slot ?? 0);
    const end = offsets[item + 1]!;
    const last = slot === null ? end : Math.min(end, start + 1);
    for (let at = start; at < last; at++) strip.add(digit(values[at]!), item);
  }
}

function* numericTable({ digits, ranks }: NumericRows, place: Place): Generator<Uint8Array> {
  for (let position = 0; position < digits.count; position++) {
    let before: Uint8Array | null = null;
    for (const strip of strips(digits.base, place)) {
      addRanks(strip, ranks, digitAt(digits, position));
      for (const bitmap of strip.bitmaps()) {
        // From "has this digit" to "has this digit or a smaller one".
        if (before !== null) addAll(bitmap, before);
        before = bitmap;
        yield bitmap;
      }
      // Of the next strip, which is made where it lies.
      before = before!.slice();
    }
  }
}

function addRanks(strip: Strip, ranks: Int32Array, digit: (code: number) => number): void {
  for (let item = 0; item < ranks.length; item++) {
    if (ranks[item]! >= 0) strip.add(digit(ranks[item]!), item);
  }
}

/** To a bitmap all that another holds. */
function addAll(to: Uint8Array, other: Uint8Array): void {
  const words = new Uint32Array(to.buffer, to.byteOffset, to.length / 4);
  const more = new Uint32Array(other.buffer, other.byteOffset, other.length / 4);
  for (let at = 0; at < words.length; at++) words[at]! |= more[at]!;
}
