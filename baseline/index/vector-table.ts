import { dotGather } from "./dot-kernel.ts";
import {
  createRowTable,
  type RowMemory,
  type RowTable,
  type Scorer,
  TableScorer,
} from "./row-table.ts";

/** All embeddings, float32 in full. */
export interface VectorTable extends RowTable {
  readonly dim: number;
}

export interface VectorTableOptions {
  /** float32 [count, dim], row-major; copied. */
  readonly embeddings: Float32Array;
  readonly dim: number;
  /** How many scorers may work on it at once. */
  readonly scorers: number;
  /** Most bytes of rows in one memory; for tests. */
  readonly segmentBytes?: number;
}

export function createVectorTable(options: VectorTableOptions): VectorTable {
  const { embeddings, dim, scorers, segmentBytes } = options;
  // From row to row: dim, zero-padded to a multiple of 4.
  const stride = Math.ceil(dim / 4) * 4;
  const fill = ({ buffer, rows }: RowMemory, firstRow: number): void =>
    copyRows(embeddings, firstRow, dim, new Float32Array(buffer, 0, rows * stride));
  const count = embeddings.length / dim;
  const sizes = { count, kernel: dotGather(stride), queryBytes: stride * 4 };
  return { ...createRowTable({ ...sizes, fill, scorers, segmentBytes }), dim };
}

function copyRows(from: Float32Array, firstRow: number, dim: number, to: Float32Array): void {
  const stride = Math.ceil(dim / 4) * 4;
  const rows = to.length / stride;
  if (stride === dim) {
    to.set(from.subarray(firstRow * dim, (firstRow + rows) * dim));
    return;
  }
  for (let row = 0; row < rows; row++) {
    const at = (firstRow + row) * dim;
    to.set(from.subarray(at, at + dim), row * stride);
  }
}

/** One thread's access to a table: inner products of a query with rows it names. */
export class RowScorer implements Scorer {
  readonly #scorer: TableScorer;
  readonly #queries: readonly Float32Array[];

  /** @param slot Which of the table's scorers this is, from 0; no two at once may share one. */
  constructor(table: VectorTable, slot: number) {
    this.#scorer = new TableScorer(table, slot);
    this.#queries = this.#scorer.queries.map(
      ({ buffer, at }) => new Float32Array(buffer, at, table.dim),
    );
  }

  get count(): number {
    return this.#scorer.table.count;
  }

  setQuery(query: Float32Array): void {
    for (const place of this.#queries) place.set(query);
  }

  score(rows: Uint32Array, scores: Float32Array): void {
    this.#scorer.score(rows, scores);
  }
}
