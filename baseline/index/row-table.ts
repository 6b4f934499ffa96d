import {
  compileGather,
  type GatherCode,
  type GatherKernel,
  instantiateGather,
} from "./gather-kernel.ts";
import { sharedMemory, type WasmMemory, type WasmModule } from "./wasm-module.ts";

/** Rows scored by one call of a kernel: their numbers and scores stay in the nearest cache. */
export const BLOCK_ROWS = 2048;

/** A memory is addressed with 32 bits; half of that leaves room and keeps offsets positive. */
const SEGMENT_BYTES = 2 ** 31;

interface Segment {
  readonly memory: WasmMemory;
  readonly firstRow: number;
  readonly rows: number;
}

/**
 * Rows in memory that worker threads share and that a SIMD kernel can reach. Plain data: it crosses
 * `postMessage`, and each worker makes itself a scorer of it.
 */
export interface RowTable {
  readonly count: number;
  readonly rowBytes: number;
  readonly queryBytes: number;
  readonly segments: readonly Segment[];
  readonly kernel: WasmModule;
}

export interface RowTableOptions {
  readonly count: number;
  readonly kernel: GatherCode;
  readonly queryBytes: number;
  /** Writes the rows from `firstRow` on into memory that is all zeros. */
  readonly fill: (target: RowMemory, firstRow: number) => void;
  /** How many scorers may work on it at once. */
  readonly scorers: number;
  /** Most bytes of rows in one memory; for tests. */
  readonly segmentBytes?: number | undefined;
}

/** Where rows are written. */
export interface RowMemory {
  readonly buffer: SharedArrayBuffer;
  readonly rows: number;
}

export function createRowTable(options: RowTableOptions): RowTable {
  const { count, kernel, queryBytes, fill, scorers, segmentBytes = SEGMENT_BYTES } = options;
  const { rowBytes } = kernel;
  const segmentRows = Math.max(1, Math.floor(segmentBytes / rowBytes));
  const segments: Segment[] = [];
  for (let firstRow = 0; firstRow < count; firstRow += segmentRows) {
    const rows = Math.min(segmentRows, count - firstRow);
    const memory = sharedMemory(scratchAt(rows, rowBytes) + scorers * scratchBytes(queryBytes));
    fill({ buffer: memory.buffer, rows }, firstRow);
    segments.push({ memory, firstRow, rows });
  }
  return { count, rowBytes, queryBytes, segments, kernel: compileGather(kernel) };
}

/** Behind the rows, aligned. */
const scratchAt = (rows: number, rowBytes: number): number =>
  Math.ceil((rows * rowBytes) / 16) * 16;

/** Row numbers, scores and the query of one scorer. */
function scratchBytes(queryBytes: number): number {
  return BLOCK_ROWS * 8 + Math.ceil(queryBytes / 16) * 16;
}

/** Scores rows against the query that was set last. */
export interface Scorer {
  readonly count: number;
  /** @param query float32[dim] of the calls of `score` that follow. */
  setQuery(query: Float32Array): void;
  /**
   * @param rows Ascending, at most BLOCK_ROWS.
   * @param scores Where the scores go, float32, in the rows' order.
   */
  score(rows: Uint32Array, scores: Float32Array): void;
}

/** One thread's access to a table. */
export class TableScorer {
  readonly table: RowTable;
  /** Where the query is to be written: once a memory, `queryBytes` from each offset on. */
  readonly queries: readonly { readonly buffer: SharedArrayBuffer; readonly at: number }[];
  readonly #parts: readonly ScorerPart[];

  /** @param slot Which of the table's scorers this is, from 0; no two at once may share one. */
  constructor(table: RowTable, slot: number) {
    this.table = table;
    this.#parts = table.segments.map((segment) => partOf(segment, table, slot));
    this.queries = this.#parts.map(({ rows, queryAt }) => ({ buffer: rows.buffer, at: queryAt }));
  }

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
  readonly kernel: GatherKernel;
  readonly firstRow: number;
  readonly endRow: number;
  readonly rows: Uint32Array<SharedArrayBuffer>;
  readonly scores: Float32Array;
  readonly queryAt: number;
}

function partOf({ memory, firstRow, rows }: Segment, table: RowTable, slot: number): ScorerPart {
  const { rowBytes, queryBytes, kernel } = table;
  const at = scratchAt(rows, rowBytes) + slot * scratchBytes(queryBytes);
  return {
    kernel: instantiateGather(kernel, memory),
    firstRow,
    endRow: firstRow + rows,
    rows: new Uint32Array(memory.buffer, at, BLOCK_ROWS),
    scores: new Float32Array(memory.buffer, at + BLOCK_ROWS * 4, BLOCK_ROWS),
    queryAt: at + BLOCK_ROWS * 8,
  };
}

function scorePart(part: ScorerPart, rows: Uint32Array, scores: Float32Array, at: number): void {
  const { kernel, firstRow, queryAt } = part;
  const count = rows.length;
  if (firstRow === 0) part.rows.set(rows);
  else for (let i = 0; i < count; i++) part.rows[i] = rows[i]! - firstRow;
  kernel.gather(part.rows.byteOffset, count, queryAt, part.scores.byteOffset, 0);
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
