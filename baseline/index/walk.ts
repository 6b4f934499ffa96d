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

/** What a walk found for one of its queries, best first. */
export function rowsOfQuery(
  { rows, values, counts, wanted }: Walked,
  query: number,
): Pick<Walked, "rows" | "values"> {
  const from = query * wanted;
  const to = from + counts[query]!;
  return { rows: rows.subarray(from, to), values: values.subarray(from, to) };
}

/**
 * What a walk found for some of its queries, one after the other, where that is their answer if all
 * rows pass: just k for each, of equal values the lower row first. They view the walk's arrays.
 * @returns null where it takes sifting.
 */
export function wholeAnswers(
  { rows, values, counts, wanted }: Walked,
  { first, queries, k }: { readonly first: number; readonly queries: number; readonly k: number },
): Pick<Walked, "rows" | "values"> | null {
  if (wanted !== k) return null;
  for (let query = first; query < first + queries; query++) if (counts[query] !== k) return null;
  const from = first * k;
  const to = from + queries * k;
  for (let i = from + 1; i < to; i++) {
    const isSameQuery = i % k !== 0;
    if (isSameQuery && values[i] === values[i - 1] && rows[i]! < rows[i - 1]!) return null;
  }
  return { rows: rows.subarray(from, to), values: values.subarray(from, to) };
}

/**
 * The k best of rows that pass. They come best first, so that no more are looked at than it takes;
 * of equal values the lower row is the better.
 */
export function firstPassing(
  { rows, values }: Pick<Walked, "rows" | "values">,
  k: number,
  passes: (row: number) => boolean,
): Ranked {
  const kept = { rows: new Uint32Array(k), values: new Float64Array(k) };
  let count = 0;
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i]!;
    const value = values[i]!;
    if (count === k && value < kept.values[k - 1]!) break;
    if (!passes(row)) continue;
    let place = count;
    while (place > 0 && kept.values[place - 1] === value && kept.rows[place - 1]! > row) place--;
    if (place === k) continue;
    if (place < count) kept.rows.copyWithin(place + 1, place, count);
    kept.rows[place] = row;
    if (count < k) kept.values[count++] = value;
  }
  if (count === k) return kept;
  return { rows: kept.rows.subarray(0, count), values: kept.values.subarray(0, count) };
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
