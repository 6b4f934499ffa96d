import type { Catalogue, CategoricalColumn, Column } from "../../src/retrieval/catalogue.ts";
import type { ColumnValues, ItemFeatures, ItemQuery } from "../services.ts";

// The record of an item, in little-endian words of 4 bytes:
//
//   float32[dim + denseDim]  embedding, then dense features
//   float32[numeric columns] NaN where absent
//   uint32[categorical columns] where each column's codes end, counted from the first code
//   uint32[...]              codes, column after column

/** What the records of a dataset follow from. */
export interface ItemLayout {
  /** Embedding and dense features together. */
  readonly itemDim: number;
  readonly kinds: readonly Column["kind"][];
}

/** Makes the records of a catalogue. */
export class RecordWriter {
  readonly #catalogue: Catalogue;
  readonly #numeric: readonly Float32Array[];
  readonly #categorical: readonly CategoricalColumn[];

  constructor(catalogue: Catalogue) {
    const { columns } = catalogue;
    this.#catalogue = catalogue;
    this.#numeric = columns.flatMap((column) => (column.kind === "numeric" ? [column.values] : []));
    this.#categorical = columns.filter((column) => column.kind === "categorical");
  }

  /** The record of a row, in memory of its own. */
  record(row: number): Buffer {
    const { dim, embeddings, denseDim, dense } = this.#catalogue;
    const codes = this.#categorical.map(({ offsets, values }) =>
      values.subarray(offsets[row], offsets[row + 1]),
    );
    const fixed = dim + denseDim + this.#numeric.length + codes.length;
    const words = new Uint32Array(fixed + codes.reduce((sum, { length }) => sum + length, 0));
    const floats = new Float32Array(words.buffer);
    floats.set(embeddings.subarray(row * dim, (row + 1) * dim));
    floats.set(dense.subarray(row * denseDim, (row + 1) * denseDim), dim);
    for (const [at, values] of this.#numeric.entries()) floats[dim + denseDim + at] = values[row]!;
    let end = 0;
    for (const [at, own] of codes.entries()) {
      words.set(own, fixed + end);
      end += own.length;
      words[fixed - codes.length + at] = end;
    }
    return Buffer.from(words.buffer);
  }
}

/** Where a wanted column stands in a record, and what has been read of it. */
type Wanted =
  | { readonly kind: "numeric"; readonly word: number; readonly values: Float32Array }
  | {
      readonly kind: "categorical";
      /** Which of the categorical columns. */
      readonly nth: number;
      readonly offsets: Uint32Array;
      readonly codes: number[];
    };

/** Gathers what a query wants from records, one after the other. */
export class RecordReader {
  readonly #itemDim: number;
  /** Words before the ends of the codes, and before the codes. */
  readonly #ends: number;
  readonly #codes: number;
  readonly #features: Float32Array;
  readonly #wanted: readonly Wanted[];
  /** A record, seen in three ways. */
  #words = new Uint32Array(1024);
  #floats = new Float32Array(this.#words.buffer);
  #bytes = new Uint8Array(this.#words.buffer);
  #count = 0;

  constructor(
    { itemDim, kinds }: ItemLayout,
    { rows, features, columns }: Omit<ItemQuery, "atLeast">,
  ) {
    const nth = (column: number): number =>
      kinds.slice(0, column).filter((kind) => kind === kinds[column]).length;
    const numeric = kinds.filter((kind) => kind === "numeric").length;
    const { length } = rows;
    this.#itemDim = itemDim;
    this.#ends = itemDim + numeric;
    this.#codes = itemDim + kinds.length;
    this.#features = new Float32Array(features ? length * itemDim : 0);
    this.#wanted = columns.map((column) =>
      kinds[column] === "numeric"
        ? { kind: "numeric", word: itemDim + nth(column), values: new Float32Array(length) }
        : {
            kind: "categorical",
            nth: nth(column),
            offsets: new Uint32Array(length + 1),
            codes: [],
          },
    );
  }

  /**
   * @param buffer Begins with the record; it may be overwritten afterwards.
   * @param bytes Of the record.
   */
  add(buffer: Uint8Array, bytes: number): void {
    const item = this.#count++;
    this.#copy(buffer, bytes);
    const words = this.#words;
    const floats = this.#floats;
    if (this.#features.length > 0) {
      const start = item * this.#itemDim;
      for (let at = 0; at < this.#itemDim; at++) this.#features[start + at] = floats[at]!;
    }
    for (const column of this.#wanted) {
      if (column.kind === "numeric") {
        column.values[item] = floats[column.word]!;
        continue;
      }
      const { nth, offsets, codes } = column;
      const from = nth === 0 ? 0 : words[this.#ends + nth - 1]!;
      const to = words[this.#ends + nth]!;
      for (let at = from; at < to; at++) codes.push(words[this.#codes + at]!);
      offsets[item + 1] = codes.length;
    }
  }

  read(): ItemFeatures {
    const columns = this.#wanted.map((column): ColumnValues =>
      column.kind === "numeric"
        ? { kind: "numeric", values: column.values }
        : {
            kind: "categorical",
            offsets: column.offsets,
            values: Uint32Array.from(column.codes),
          },
    );
    return { features: this.#features, columns };
  }

  /** To where its words can be read. */
  #copy(buffer: Uint8Array, bytes: number): void {
    if (bytes > this.#bytes.length) this.#makeRoom(bytes * 2);
    for (let at = 0; at < bytes; at++) this.#bytes[at] = buffer[at]!;
  }

  #makeRoom(bytes: number): void {
    this.#words = new Uint32Array(Math.ceil(bytes / 4));
    this.#floats = new Float32Array(this.#words.buffer);
    this.#bytes = new Uint8Array(this.#words.buffer);
  }
}
