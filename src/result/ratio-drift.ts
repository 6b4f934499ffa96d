import { riseOf, trendOf } from "../math/trend.ts";
import { pairsOf, type Pairs } from "./pairs.ts";
import type { Standing } from "./standing.ts";

/** A ratio of throughputs that is not at the end what it was at the beginning. */
export interface RatioDrift {
  /** From the first pair to the last, along a line: -0.2 fell by a fifth. */
  readonly change: number;
  readonly pairs: number;
  readonly kind: Pairs["kind"];
}

/** Chance gives a series without a trend more than this in one of a hundred. */
const TREND = 2.58;
/** A ratio that changes by less is as good as steady. */
const LEAST_CHANGE = 0.1;

/**
 * Whether a ratio went one way while it was measured; null: it did not. What both sides share, the
 * machine's weather, is not in it; how warm each of them is, is.
 */
export function ratioDrift(of: Standing, over: Standing): RatioDrift | null {
  const { pairs, kind } = pairsOf(of, over, "throughput");
  const logs = pairs.map((pair) => Math.log(pair.of / pair.over));
  const change = Math.exp(riseOf(logs)) - 1;
  if (Math.abs(trendOf(logs)) < TREND || Math.abs(change) < LEAST_CHANGE) return null;
  return { change, pairs: pairs.length, kind };
}
