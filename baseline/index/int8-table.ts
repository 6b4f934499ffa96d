import { int8Gather, SCALE_BYTES } from "./int8-kernel.ts";
import {
  createRowTable,
  type RowMemory,
  type RowTable,
  type Scorer,
  TableScorer,
} from "./row-table.ts";
import type { VectorTableOptions } from "./vector-table.ts";

/** All embeddings in int8, each row with a scale of its own. */
export interface Int8Table extends RowTable {
  readonly dim: number;
}

const LARGEST = 127;

/**
 * The query's largest value: far finer than int8, and small enough that the sum over 4,096
 * dimensions, the most there can be, is an int32.
 */
const LARGEST_OF_QUERY = 4095;

export function createInt8Table(options: VectorTableOptions): Int8Table {
  const { embeddings, dim, scorers, segmentBytes } = options;
  const stride = strideOf(dim);
  const fill = ({ buffer, rows }: RowMemory, firstRow: number): void => {
    const values = new Int8Array(buffer);
    const scales = new DataView(buffer);
    for (let row = 0; row < rows; row++) {
      const from = (firstRow + row) * dim;
      const at = row * (stride + SCALE_BYTES);
      const vector = embeddings.subarray(from, from + dim);
      const scale = quantize(vector, LARGEST, values, at);
      scales.setFloat32(at + stride, scale, true);
    }
  };
  const count = embeddings.length / dim;
  const sizes = { count, kernel: int8Gather(stride), queryBytes: stride * 2 };
  return { ...createRowTable({ ...sizes, fill, scorers, segmentBytes }), dim };
}

/** Zero-padded to what the kernel takes at a time. */
const strideOf = (dim: number): number => Math.ceil(dim / 8) * 8;

/** Writes a vector as whole numbers up to `largest`. @returns what one of them stands for. */
function quantize(
  vector: Float32Array,
  largest: number,
  into: Int8Array | Int16Array,
  at: number,
): number {
  let most = 0;
  for (let d = 0; d < vector.length; d++) most = Math.max(most, Math.abs(vector[d]!));
  const scale = most / largest;
  const inverse = scale === 0 ? 0 : 1 / scale;
  for (let d = 0; d < vector.length; d++) into[at + d] = Math.round(vector[d]! * inverse);
  return scale;
}

/**
 * One thread's access to a table: inner products that are off by up to half a step of a row's scale
 * a dimension, and that all lack the same factor, the query's own scale.
 */
export class Int8Scorer implements Scorer {
  readonly #scorer: TableScorer;
  readonly #queries: readonly Int16Array[];

  /** @param slot Which of the table's scorers this is, from 0; no two at once may share one. */
  constructor(table: Int8Table, slot: number) {
    this.#scorer = new TableScorer(table, slot);
    this.#queries = this.#scorer.queries.map(
      ({ buffer, at }) => new Int16Array(buffer, at, table.dim),
    );
  }

  get count(): number {
    return this.#scorer.table.count;
  }

  setQuery(query: Float32Array): void {
    for (const place of this.#queries) quantize(query, LARGEST_OF_QUERY, place, 0);
  }

  score(rows: Uint32Array, scores: Float32Array): void {
    this.#scorer.score(rows, scores);
  }
}
