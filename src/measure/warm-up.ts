import { kendall, riseOf } from "../math/trend.ts";

/**
 * Windows that are looked at together. Of a second each: four services of Node that share a core
 * were seen to grow faster for fifteen seconds, half as fast again, while their compilers and they
 * themselves had it in turn.
 */
const COMPARED = 12;

/** A drift from the first to the last window by no more than this share of the mean is none. */
const TOLERANCE = 0.1;

/**
 * Pairs of windows of which the later is larger less those of which it is smaller: of twelve windows
 * 66 pairs. Without a trend chance reaches 18, either way, in about one of four (Kendall, "Rank
 * Correlation Methods", 1975): waiting a little in vain costs less than measuring what is not warm.
 */
const TREND_FROM = 18;

export interface WarmUp {
  /** Whether there were twelve windows in a row over which nothing changed. */
  readonly steady: boolean;
  /** Throughput of each window, requests a second. */
  readonly throughputs: readonly number[];
}

/**
 * Drives windows of load, in turn as they will be measured, until none of the sides has a trend
 * any more: over twelve windows it neither rose nor fell in most of them (Mann-Kendall) by more
 * than a tenth in all. Noise without a direction does not end with time, so it is no reason to
 * wait. A side that is steady is driven on while others are not: one that rests while they warm up
 * grows cold again (a mesh was seen to begin at little more than half of its speed, after V8 had
 * dropped much compiled code, mostly for a "wrong map"; likely its collections in the pause).
 * @param driveWindows For each side, drives one window; gives its throughput.
 * @param mostWindows Of each; after so many it ends in any case. Below twelve, never steady.
 */
export async function warmUp(
  driveWindows: readonly (() => Promise<number>)[],
  mostWindows: number,
): Promise<WarmUp[]> {
  const sides = driveWindows.map((drive) => ({
    drive,
    throughputs: [] as number[],
    steady: false,
  }));
  for (let window = 0; window < mostWindows && sides.some(({ steady }) => !steady); window++) {
    for (const side of sides) {
      side.throughputs.push(await side.drive());
      side.steady ||= isSteady(side.throughputs);
    }
  }
  return sides.map(({ steady, throughputs }) => ({ steady, throughputs }));
}

/** Whether the last windows have no trend. Windows without a single answer never are steady. */
export function isSteady(throughputs: readonly number[]): boolean {
  const last = throughputs.slice(-COMPARED);
  if (last.length < COMPARED || Math.min(...last) === 0) return false;
  return Math.abs(kendall(last)) < TREND_FROM || Math.abs(drift(last)) <= TOLERANCE;
}

/** How far the line through the values goes from the first to the last, over their mean. */
function drift(values: readonly number[]): number {
  return (riseOf(values) * values.length) / values.reduce((sum, value) => sum + value, 0);
}
