import { median } from "./quantile.ts";

/** Fewer values have no outliers: any of them may be the one that is right. */
const ENOUGH = 5;
const FAR = 3.5;
/** Of a normal distribution, the standard deviation is 1.4826 times the median deviation. */
const TO_DEVIATIONS = 0.6745;

/**
 * Positions of values that lie far from the others: modified z-score above 3.5 (Iglewicz &
 * Hoaglin, "How to detect and handle outliers", 1993). They are to be pointed at, never dropped.
 */
export function outliers(values: readonly number[]): number[] {
  if (values.length < ENOUGH) return [];
  const middle = median(values);
  const deviation = median(values.map((value) => Math.abs(value - middle)));
  if (deviation === 0) return [];
  return values.flatMap((value, at) =>
    (TO_DEVIATIONS * Math.abs(value - middle)) / deviation > FAR ? [at] : [],
  );
}
