import { quantileRanks } from "../math/binomial-interval.ts";
import type { Histogram } from "../math/histogram.ts";
import type { Point } from "./schema.ts";

/** Samples above a percentile that it takes before the percentile is shown. */
const TAIL_SAMPLES = 10;

const SHARES = { p50: 0.5, p90: 0.9, p95: 0.95, p99: 0.99, p999: 0.999 } as const;

/** Percentiles in milliseconds; null where there are too few samples for one. */
export function latencyOf(histogram: Histogram): Point["latencyMs"] {
  const { count } = histogram;
  const at = (share: number): number | null =>
    hasTail(count, share) ? histogram.quantile(share) / 1000 : null;
  return {
    p50: at(SHARES.p50),
    p90: at(SHARES.p90),
    p95: at(SHARES.p95),
    p99: at(SHARES.p99),
    p999: at(SHARES.p999),
    max: count === 0 ? null : histogram.max / 1000,
    mean: count === 0 ? null : histogram.mean / 1000,
  };
}

/** 95% interval of each percentile that is shown, in milliseconds, whatever the distribution. */
export function latencyIntervalsOf(histogram: Histogram): Point["latencyIntervalsMs"] {
  const { count } = histogram;
  const intervals: Record<string, [low: number, high: number]> = {};
  for (const [name, share] of Object.entries(SHARES)) {
    const ranks = hasTail(count, share) ? quantileRanks(count, share) : null;
    if (ranks === null) continue;
    const at = (rank: number): number => histogram.quantile(rank / count) / 1000;
    intervals[name] = [at(ranks.low), at(ranks.high)];
  }
  return intervals;
}

/** Whether there are samples enough above a percentile for it to be shown. */
export const hasTail = (count: number, share: number): boolean =>
  count * (1 - share) >= TAIL_SAMPLES;
