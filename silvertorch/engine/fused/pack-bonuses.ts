import { bonusWords, NO_BONUS_ROW } from "../../kernels/search/bonus-keys.ts";
import type { EngineQuery } from "../query.ts";

/** What filters add to clusters' scores. */
export interface PackedBonuses {
  /** uint8 [different filters, bonusWords x 4] as words: codes of eligibility/cluster-bonus.ts. */
  readonly codes: Uint32Array<ArrayBuffer>;
  /** [requests] a row of them; `NO_BONUS_ROW`: nothing is added. */
  readonly rowOf: Uint32Array;
}

/** Each filter's once, however many requests have it; null where nothing is added for any. */
export function packBonuses(
  queries: readonly EngineQuery[],
  clusters: number,
): PackedBonuses | null {
  const rows = new Map<Uint8Array, number>();
  const rowOf = Uint32Array.from(queries, ({ plan }) => {
    const bonus = plan?.clusterBonus;
    if (bonus === undefined) return NO_BONUS_ROW;
    if (!rows.has(bonus)) rows.set(bonus, rows.size);
    return rows.get(bonus)!;
  });
  if (rows.size === 0) return null;
  const words = bonusWords(clusters);
  const codes = new Uint32Array(rows.size * words);
  const bytes = new Uint8Array(codes.buffer);
  for (const [bonus, row] of rows) bytes.set(bonus, row * words * 4);
  return { codes, rowOf };
}
