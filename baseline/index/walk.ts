import type { Ranked } from "../../src/math/top-k.ts";

/** Rows found by a walk, query after query, each query's by distance ascending. */
export interface Walked {
  /** [queries * wanted] */
  readonly rows: Uint32Array;
  /** Inner products, float32, as the index's precision gives them. */
  readonly values: Float32Array;
  /** [queries] how many of `wanted` were found. */
  readonly counts: Uint32Array;
  readonly wanted: number;
}

/** Finds near rows, whatever passes a filter: which of them do is for others to see. */
export interface Walker {
  /**
   * Walks for each query.
   * @param queries float32 [n * dim]
   * @param wanted Rows a query; fewer are found only where there are no more.
   */
  walk(queries: Float32Array, wanted: number): Walked;
}

/** Walks by ranking rows, one query after the other. */
export class RankedWalker implements Walker {
  readonly #dim: number;
  readonly #best: (query: Float32Array, wanted: number) => Ranked;

  constructor(dim: number, best: (query: Float32Array, wanted: number) => Ranked) {
    this.#dim = dim;
    this.#best = best;
  }

  walk(queries: Float32Array, wanted: number): Walked {
    const n = queries.length / this.#dim;
    const rows = new Uint32Array(n * wanted);
    const values = new Float32Array(n * wanted);
    const counts = new Uint32Array(n);
    for (let at = 0; at < n; at++) {
      const found = this.#best(queries.subarray(at * this.#dim, (at + 1) * this.#dim), wanted);
      rows.set(found.rows, at * wanted);
      values.set(found.values, at * wanted);
      counts[at] = found.rows.length;
    }
    return { rows, values, counts, wanted };
  }
}
