import type { Ranked } from "../../src/math/top-k.ts";
import type { Candidates } from "../services.ts";

/** Each head's best, one after the other, as they travel. */
export function packHeads(heads: readonly Ranked[]): Candidates {
  const counts = Uint32Array.from(heads, ({ rows }) => rows.length);
  const total = counts.reduce((sum, count) => sum + count, 0);
  const rows = new Uint32Array(total);
  const values = new Float32Array(total);
  let at = 0;
  for (const head of heads) {
    rows.set(head.rows, at);
    values.set(head.values, at);
    at += head.rows.length;
  }
  return { rows, values, counts };
}
