import { incompleteBeta } from "./incomplete-beta.ts";

/** Probability of at most `hits` successes in `trials` with probability `chance` each. */
export function binomialAtMost(hits: number, trials: number, chance: number): number {
  if (hits < 0) return 0;
  if (hits >= trials) return 1;
  return incompleteBeta(1 - chance, trials - hits, hits + 1);
}

/** Two ranks, from 1, between whose samples a quantile of the population lies. */
export interface RankInterval {
  readonly low: number;
  readonly high: number;
}

/**
 * Interval of a quantile by order statistics, whatever the distribution (David & Nagaraja, "Order
 * Statistics", 2003, section 7.1): the number of samples below the quantile is binomial.
 * @param share the quantile, strictly between 0 and 1.
 * @returns null where so few samples cannot hold the quantile with that confidence.
 */
export function quantileRanks(n: number, share: number, confidence = 0.95): RankInterval | null {
  const outside = (1 - confidence) / 2;
  // Largest l with P(B <= l - 1) <= outside; smallest u with P(B <= u - 1) >= 1 - outside.
  const low = firstAbove(n, (rank) => binomialAtMost(rank, n, share) > outside);
  const high = firstAbove(n, (rank) => binomialAtMost(rank, n, share) >= 1 - outside) + 1;
  return low < 1 || high > n ? null : { low, high };
}

/** Smallest rank in 0..n for which a monotone condition holds. */
function firstAbove(n: number, holds: (rank: number) => boolean): number {
  let low = 0;
  let high = n;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (holds(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}
