import { type Ranked, TopK } from "../../src/math/top-k.ts";
import type { Candidates, Ranking } from "../services.ts";

/** Candidates of all heads, each once, with the largest of the values that heads gave it. */
export type HeadUnion = Pick<Ranking, "rows" | "scores">;

/** The union of the heads' candidates, in the order in which they are first named. */
export function uniteHeads({ rows, values, counts }: Candidates): HeadUnion {
  if (counts.length === 1) return { rows, scores: values };
  const united = new Uint32Array(rows.length);
  const scores = new Float32Array(rows.length);
  // Open addressing at most half full: position in the union + 1, 0 where free.
  const bits = Math.max(2, 32 - Math.clz32(rows.length * 2 - 1));
  const places = new Uint32Array(2 ** bits);
  const mask = places.length - 1;
  let count = 0;
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i]!;
    const value = values[i]!;
    // Fibonacci hashing: rows that are close come to lie far apart.
    let place = Math.imul(row, 0x9e3779b1) >>> (32 - bits);
    while (places[place] !== 0 && united[places[place]! - 1] !== row) place = (place + 1) & mask;
    const held = places[place]! - 1;
    if (held < 0) {
      united[count] = row;
      scores[count] = value;
      places[place] = ++count;
    } else if (value > scores[held]!) scores[held] = value;
  }
  return { rows: united.subarray(0, count), scores: scores.subarray(0, count) };
}

/** The k best of a union by their scores: where an item's value is its score. */
export function bestByScore({ rows, scores }: HeadUnion, k: number): Ranked {
  const top = new TopK(Math.min(k, rows.length));
  for (let i = 0; i < rows.length; i++) top.push(scores[i]!, rows[i]!);
  return top.take();
}
