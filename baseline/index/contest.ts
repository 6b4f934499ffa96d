import { type Ranked, TopK } from "../../src/math/top-k.ts";
import type { RowSet } from "../row-set.ts";

// Rows that come to a search after it has found others.

/** Which of them it may find. */
export class Entrance {
  readonly #eligible: RowSet | null;
  readonly #excluded: Uint32Array;
  /** Made once it is asked for: most searches meet no row that matters. */
  #out: Set<number> | null = null;

  /**
   * @param eligible null: every row passes.
   * @param excluded Rows that do not, though they be eligible.
   */
  constructor(eligible: RowSet | null, excluded: Uint32Array) {
    this.#eligible = eligible;
    this.#excluded = excluded;
  }

  admits(row: number): boolean {
    if (this.#eligible !== null && !this.#eligible.has(row)) return false;
    this.#out ??= new Set(this.#excluded);
    return !this.#out.has(row);
  }
}

/** The k best of what was found and what comes; nothing is ranked again before one comes. */
export class Contest {
  readonly #found: Ranked;
  readonly #k: number;
  #top: TopK | null = null;

  constructor(found: Ranked, k: number) {
    this.#found = found;
    this.#k = k;
  }

  /** A value below this cannot enter. */
  get threshold(): number {
    if (this.#top !== null) return this.#top.threshold;
    const { values } = this.#found;
    return values.length < this.#k ? -Infinity : values[this.#k - 1]!;
  }

  push(value: number, row: number): void {
    this.#top ??= this.#rankFound();
    this.#top.push(value, row);
  }

  take(): Ranked {
    return this.#top?.take() ?? this.#found;
  }

  #rankFound(): TopK {
    const top = new TopK(this.#k);
    const { rows, values } = this.#found;
    for (let i = 0; i < rows.length; i++) top.push(values[i]!, rows[i]!);
    return top;
  }
}
