import type { Comparison } from "./schema.ts";

/** A ratio that may be quoted. */
export type StatedRatio = Comparison & { readonly ratio: number };

/**
 * Throughputs of one system over another's, but those that are not stated: one of the two misses
 * the recall that is asked for, answers short or has no valid round.
 */
export function statedRatios(comparisons: readonly Comparison[]): StatedRatio[] {
  return comparisons.flatMap((each) => {
    const { metric, recallAt, ratio } = each;
    return metric === "throughput" && recallAt !== null && ratio !== null ? { ...each, ratio } : [];
  });
}

/** That of two systems; null where it is not stated. */
export function statedRatio(
  comparisons: readonly Comparison[],
  of: string,
  over: string | undefined,
): StatedRatio | null {
  const stated = statedRatios(comparisons);
  return stated.find((each) => each.of === of && each.over === over) ?? null;
}
