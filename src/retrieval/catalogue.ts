import type { GeneratedItems } from "./generated/generated-items.ts";

/**
 * The items and users of a dataset, as flat columns. Rows are unsigned 32-bit positions; ids are
 * the owner's own keys (unsigned integers below 2^53). Inside a system everything is a row; ids
 * are what crosses the front door.
 *
 * All arrays may stand on a SharedArrayBuffer, so that worker threads read them without a copy.
 */
export interface Catalogue {
  /** Number of items. */
  readonly count: number;
  /** Dimensions of an embedding. */
  readonly dim: number;
  /** float32 [count, dim], row-major; empty where they are generated. */
  readonly embeddings: Float32Array;
  /**
   * The same, some items after others, where they are read as they are asked for: each block is valid
   * until the next, and `embeddings` reads all at once. Absent: all are in memory.
   */
  readonly embeddingBlocks?: (() => Iterable<Float32Array>) | undefined;
  /** What the embeddings are computed from, where they are not stored: see item-vectors.ts. */
  readonly generated?: GeneratedItems | undefined;
  /** [count] the id of each row, each id once. */
  readonly ids: Float64Array;
  /** Filterable attributes, in the order of the dataset's manifest. */
  readonly columns: readonly Column[];
  /** float32 [count, denseDim]: features for ranking; empty if denseDim is 0. */
  readonly dense: Float32Array;
  readonly denseDim: number;
}

/** An attribute with zero, one or more values an item. */
export interface CategoricalColumn {
  readonly kind: "categorical";
  readonly name: string;
  /** Value of each code. */
  readonly vocabulary: readonly string[];
  /** [count + 1] item i's codes are `values[offsets[i] .. offsets[i + 1])`, ascending, each once. */
  readonly offsets: Uint32Array;
  readonly values: Uint32Array;
}

/** A number an item; NaN where the item has none. Literals are rounded to float32 before comparing. */
export interface NumericColumn {
  readonly kind: "numeric";
  readonly name: string;
  /** float32 [count] */
  readonly values: Float32Array;
}

export type Column = CategoricalColumn | NumericColumn;

export interface Users {
  readonly count: number;
  /** Dimensions of a user's dense features. */
  readonly dim: number;
  /** [count] the id of each user row. */
  readonly ids: Float64Array;
  /** float32 [count, dim], row-major. */
  readonly features: Float32Array;
}
