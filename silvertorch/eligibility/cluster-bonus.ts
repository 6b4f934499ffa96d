import { expectedBest, NONE_ELIGIBLE } from "../../src/retrieval/cluster-order.ts";

/**
 * What a filter adds to each cluster's centroid score, in units of sigma |q|
 * (src/retrieval/cluster-order.ts), as a byte, so that thousands of filters can be kept: 0 where it is
 * certain that no item is eligible, else 1 and a fortieth of a deviation each; an error of an eightieth
 * of sigma is nothing beside that of the estimate.
 */
export const BONUS_STEPS = 40;

/** @param eligible of a cluster's items, about; 0: certainly none. */
export function bonusCode(eligible: number): number {
  if (eligible === 0) return 0;
  return Math.min(255, 1 + Math.round(BONUS_STEPS * expectedBest(eligible)));
}

/** What a code stands for. */
export const bonusOf = (code: number): number =>
  code === 0 ? NONE_ELIGIBLE : (code - 1) / BONUS_STEPS;

/** A query's without a filter, or whose clusters are taken by their centroids alone: nothing is added. */
export const NO_BONUS = 1;
