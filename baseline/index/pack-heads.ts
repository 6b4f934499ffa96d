import type { Candidates } from "../services.ts";

/** What was found for a head, or for some. */
interface Found {
  readonly rows: Uint32Array;
  readonly values: ArrayLike<number>;
}

/** Each head's best, one after the other, as they travel. */
export function packHeads(heads: readonly Found[]): Candidates {
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
