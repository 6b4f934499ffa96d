import { type Ranked, TopK } from "../../src/math/top-k.ts";
import { BLOCK_ROWS, type Scorer } from "./row-table.ts";

/** Whether a row must be left out. */
export type IsExcluded = (row: number) => boolean;

export interface ScanOptions {
  /** float32[dim] */
  readonly query: Float32Array;
  /** Rows to score, ascending; null: all of the table. */
  readonly rows: Uint32Array | null;
  readonly k: number;
  readonly isExcluded: IsExcluded;
}

/** What several queries have in common. */
export type SharedScan = Omit<ScanOptions, "query">;

/** Rows that stay in a core's own cache until every query has been held against them. */
const SHARED_ROWS = 256;

/** Scores every row it is given and keeps the best: exact, and the cheapest way where few pass. */
export class ExactScan {
  readonly #scorer: Scorer;
  readonly #scores = new Float32Array(BLOCK_ROWS);
  readonly #block = new Uint32Array(BLOCK_ROWS);

  constructor(scorer: Scorer) {
    this.#scorer = scorer;
  }

  /** The k best rows that are not excluded, by value descending, row ascending. */
  best({ query, rows, k, isExcluded }: ScanOptions): Ranked {
    const top = new TopK(k);
    this.scanInto(top, { query, rows, isExcluded });
    return top.take();
  }

  /**
   * As `best`, for several queries: few rows at a time are scored for all of them, so that those
   * after the first find the rows in the cache.
   */
  bestOfEach(queries: readonly Float32Array[], { rows, k, isExcluded }: SharedScan): Ranked[] {
    const tops = queries.map(() => new TopK(k));
    for (const block of this.#blocks(rows, queries.length > 1 ? SHARED_ROWS : BLOCK_ROWS)) {
      for (const [at, query] of queries.entries()) {
        this.#scorer.setQuery(query);
        this.#scoreBlock(tops[at]!, block, isExcluded);
      }
    }
    return tops.map((top) => top.take());
  }

  /** Lets rows compete with those that were found before. */
  scanInto(top: TopK, { query, rows, isExcluded }: Omit<ScanOptions, "k">): void {
    this.#scorer.setQuery(query);
    for (const block of this.#blocks(rows, BLOCK_ROWS)) this.#scoreBlock(top, block, isExcluded);
  }

  #scoreBlock(top: TopK, block: Uint32Array, isExcluded: IsExcluded): void {
    this.#scorer.score(block, this.#scores);
    keepBest(top, block, this.#scores, isExcluded);
  }

  /** A block is good until the next is asked for. */
  *#blocks(rows: Uint32Array | null, most: number): Generator<Uint32Array> {
    const count = rows === null ? this.#scorer.count : rows.length;
    for (let from = 0; from < count; from += most) {
      const to = Math.min(from + most, count);
      yield rows === null ? this.#range(from, to) : rows.subarray(from, to);
    }
  }

  #range(from: number, to: number): Uint32Array {
    const block = this.#block.subarray(0, to - from);
    for (let i = 0; i < block.length; i++) block[i] = from + i;
    return block;
  }
}

function keepBest(
  top: TopK,
  rows: Uint32Array,
  scores: Float32Array,
  isExcluded: IsExcluded,
): void {
  let threshold = top.threshold;
  for (let i = 0; i < rows.length; i++) {
    const score = scores[i]!;
    // Few get past the threshold, so exclusion is asked of few.
    if (score < threshold || isExcluded(rows[i]!)) continue;
    top.push(score, rows[i]!);
    threshold = top.threshold;
  }
}
