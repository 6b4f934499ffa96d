import { studentTQuantile } from "../math/student-t.ts";
import { median } from "../math/quantile.ts";

/** A number over rounds with its interval; NaN bounds where there is none. */
export interface Interval {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

/**
 * Median over rounds with an interval of the centre: Student's t on the logarithms of the
 * rounds, or on the numbers themselves where one is not above 0. The interval always holds the
 * median.
 * @param isShare a share of a whole, such as recall: arithmetic, within 0..1, and one round is
 *   enough, since it depends on the requests and not on the machine's weather.
 * @param confidence of the interval, 0..1.
 */
export function roundInterval(
  values: readonly number[],
  isShare: boolean,
  confidence = 0.95,
): Interval {
  const value = median(values);
  if (values.length < 2) return isShare ? exactly(value) : { value, low: NaN, high: NaN };
  const onLogs = !isShare && values.every((each) => each > 0);
  const scaled = onLogs ? values.map((each) => Math.log(each)) : values;
  const { low, high } = studentInterval(scaled, confidence);
  const [from, to] = onLogs ? [Math.exp(low), Math.exp(high)] : [low, high];
  const bounded = isShare
    ? { low: Math.max(0, from), high: Math.min(1, to) }
    : { low: from, high: to };
  return { value, low: Math.min(bounded.low, value), high: Math.max(bounded.high, value) };
}

/** A number that is known without an interval: a count, say. */
export function exactly(value: number): Interval {
  return { value, low: value, high: value };
}

function studentInterval(
  values: readonly number[],
  confidence: number,
): { low: number; high: number } {
  const n = values.length;
  const mean = values.reduce((sum, value) => sum + value, 0) / n;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (n - 1);
  const half = studentTQuantile((1 + confidence) / 2, n - 1) * Math.sqrt(variance / n);
  return { low: mean - half, high: mean + half };
}
