import { type Ranked, TopK } from "../../src/math/top-k.ts";
import type { Candidates } from "../services.ts";

/**
 * The k best of all heads' candidates. A row that several heads found has the largest of their
 * values; without an OverArch that is its value.
 */
export function uniteHeads({ rows, values, counts }: Candidates, k: number): Ranked {
  if (counts.length === 1) {
    return { rows: rows.subarray(0, k), values: Float64Array.from(values.subarray(0, k)) };
  }
  const best = new Map<number, number>();
  for (const [i, row] of rows.entries()) {
    const value = values[i]!;
    const held = best.get(row);
    if (held === undefined || value > held) best.set(row, value);
  }
  const top = new TopK(k);
  for (const [row, value] of best) top.push(value, row);
  return top.take();
}
