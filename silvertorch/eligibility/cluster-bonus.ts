import { expectedBest, NONE_ELIGIBLE } from "../../src/retrieval/cluster-order.ts";

/**
 * What a filter adds to each cluster's centroid score, in units of sigma |q|
 * (src/retrieval/cluster-order.ts), as a byte, so that thousands of filters can be kept: 0 where it is
 * certain that no item is eligible, else 1 and a twentieth of a deviation each. An error of a fortieth
 * of sigma is nothing beside that of the estimate.
 */
export const BONUS_STEPS = 20;

/**
 * The codes of a filter. The best cluster has the largest: what is added to all alike leaves their
 * order as it is, so it is what lies below that counts, as far as a byte goes.
 * @param eligible of each cluster's items, about; 0: certainly none.
 */
export function bonusCodes(eligible: Float64Array): Uint8Array {
  let most = 0;
  for (let cluster = 0; cluster < eligible.length; cluster++) {
    most = Math.max(most, eligible[cluster]!);
  }
  const best = expectedBest(most);
  const codes = new Uint8Array(eligible.length);
  for (let cluster = 0; cluster < codes.length; cluster++) {
    const count = eligible[cluster]!;
    if (count === 0) continue;
    codes[cluster] = Math.max(1, 255 - Math.round(BONUS_STEPS * (best - expectedBest(count))));
  }
  return codes;
}

/** What a code stands for. */
export const bonusOf = (code: number): number =>
  code === 0 ? NONE_ELIGIBLE : (code - 1) / BONUS_STEPS;
