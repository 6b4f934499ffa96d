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

/** Scores every row it is given and keeps the best: exact, and the cheapest way where few pass. */
export class ExactScan {
  readonly #scorer: Scorer;
  readonly #scores = new Float32Array(BLOCK_ROWS);
  readonly #block = new Uint32Array(BLOCK_ROWS);

  constructor(scorer: Scorer) {
    this.#scorer = scorer;
  }

  /** The k best rows that are not excluded, by value descending, row ascending. */
  best({ k, ...scan }: ScanOptions): Ranked {
    const top = new TopK(k);
    this.scanInto(top, scan);
    return top.take();
  }

  /** Lets rows compete with those that were found before. */
  scanInto(top: TopK, { query, rows, isExcluded }: Omit<ScanOptions, "k">): void {
    const count = rows === null ? this.#scorer.count : rows.length;
    this.#scorer.setQuery(query);
    for (let from = 0; from < count; from += BLOCK_ROWS) {
      const to = Math.min(from + BLOCK_ROWS, count);
      const block = rows === null ? this.#range(from, to) : rows.subarray(from, to);
      this.#scorer.score(block, this.#scores);
      keepBest(top, block, this.#scores, isExcluded);
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
