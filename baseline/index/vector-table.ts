import {
  compileDotKernel,
  type DotKernel,
  instantiateDotKernel,
  sharedMemory,
  type WasmMemory,
  type WasmModule,
} from "./dot-kernel.ts";

/** Rows scored by one call of the kernel: their numbers and scores stay in the nearest cache. */
export const BLOCK_ROWS = 2048;

/** A memory is addressed with 32 bits; half of that leaves room and keeps offsets positive. */
const SEGMENT_BYTES = 2 ** 31;

interface Segment {
  readonly memory: WasmMemory;
  readonly firstRow: number;
  readonly rows: number;
}

/**
 * All embeddings, float32 in full, in memory that worker threads share and that the SIMD kernel can
 * reach. Plain data: it crosses `postMessage`, and each worker makes itself a `RowScorer` of it.
 */
export interface VectorTable {
  readonly count: number;
  readonly dim: number;
  /** Floats from row to row: dim, zero-padded to a multiple of 4. */
  readonly stride: number;
  readonly segments: readonly Segment[];
  readonly kernel: WasmModule;
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
  const { embeddings, dim, scorers, segmentBytes = SEGMENT_BYTES } = options;
  const count = embeddings.length / dim;
  const stride = Math.ceil(dim / 4) * 4;
  const segmentRows = Math.max(1, Math.floor(segmentBytes / (stride * 4)));
  const segments: Segment[] = [];
  for (let firstRow = 0; firstRow < count; firstRow += segmentRows) {
    const rows = Math.min(segmentRows, count - firstRow);
    const memory = sharedMemory(rows * stride * 4 + scorers * scratchBytes(stride));
    copyRows(embeddings, firstRow, dim, new Float32Array(memory.buffer, 0, rows * stride));
    segments.push({ memory, firstRow, rows });
  }
  return { count, dim, stride, segments, kernel: compileDotKernel(stride) };
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

/** Row numbers, scores and the query vector of one scorer, behind the rows. */
function scratchBytes(stride: number): number {
  return BLOCK_ROWS * 8 + stride * 4;
}

/** One thread's access to a table: inner products of a query with rows it names. */
export class RowScorer {
  readonly table: VectorTable;
  readonly #parts: readonly ScorerPart[];

  /** @param slot Which of the table's scorers this is, from 0; no two at once may share one. */
  constructor(table: VectorTable, slot: number) {
    this.table = table;
    this.#parts = table.segments.map((segment) => partOf(segment, table, slot));
  }

  /** @param query float32[dim] of the calls of `score` that follow. */
  setQuery(query: Float32Array): void {
    for (const { query: place } of this.#parts) place.set(query);
  }

  /**
   * Scores a block of rows.
   * @param rows Ascending, at most BLOCK_ROWS.
   * @param scores Where the inner products go, float32, in the rows' order.
   */
  score(rows: Uint32Array, scores: Float32Array): void {
    let from = 0;
    for (const part of this.#parts) {
      const to = part.endRow === this.table.count ? rows.length : firstAtLeast(rows, part.endRow);
      if (to > from) scorePart(part, rows.subarray(from, to), scores, from);
      from = to;
    }
  }
}

interface ScorerPart {
  readonly kernel: DotKernel;
  readonly firstRow: number;
  readonly endRow: number;
  readonly rows: Uint32Array;
  readonly scores: Float32Array;
  readonly query: Float32Array;
}

function partOf({ memory, firstRow, rows }: Segment, table: VectorTable, slot: number): ScorerPart {
  const { stride, kernel } = table;
  const at = rows * stride * 4 + slot * scratchBytes(stride);
  return {
    kernel: instantiateDotKernel(kernel, memory),
    firstRow,
    endRow: firstRow + rows,
    rows: new Uint32Array(memory.buffer, at, BLOCK_ROWS),
    scores: new Float32Array(memory.buffer, at + BLOCK_ROWS * 4, BLOCK_ROWS),
    query: new Float32Array(memory.buffer, at + BLOCK_ROWS * 8, stride),
  };
}

function scorePart(part: ScorerPart, rows: Uint32Array, scores: Float32Array, at: number): void {
  const { kernel, firstRow } = part;
  const count = rows.length;
  if (firstRow === 0) part.rows.set(rows);
  else for (let i = 0; i < count; i++) part.rows[i] = rows[i]! - firstRow;
  kernel.gather(part.rows.byteOffset, count, part.query.byteOffset, part.scores.byteOffset, 0);
  scores.set(part.scores.subarray(0, count), at);
}

/** Position of the first of ascending rows that is at least `row`. */
function firstAtLeast(rows: Uint32Array, row: number): number {
  let from = 0;
  let to = rows.length;
  while (from < to) {
    const middle = (from + to) >>> 1;
    if (rows[middle]! < row) from = middle + 1;
    else to = middle;
  }
  return from;
}
