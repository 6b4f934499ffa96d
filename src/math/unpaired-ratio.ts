import { blockVarianceOfMean, neighboursOf } from "./bootstrap.ts";
import { ratioVerdict } from "./paired-ratio.ts";
import type { PairedRatio } from "./paired-ratio.ts";
import { studentTQuantile } from "./student-t.ts";

/** A ratio between two runs, whose rounds or blocks have nothing in common. */
export interface UnpairedRatio extends Omit<PairedRatio, "n"> {
  readonly n: readonly [of: number, over: number];
}

/**
 * Ratio of the geometric means of two independent series with an interval: Welch's t on the
 * logarithms ("The generalization of Student's problem", 1947), so that neither an unequal number
 * nor an unequal spread matters. From 20 values on neighbours count together, as in a paired
 * ratio: what drifts from one to the next is less sure than so many values that do not.
 * @param of, over each in the order of time.
 * @param better whether a ratio above 1 is good (throughput) or bad (latency).
 * @param confidence of the interval, 0..1.
 * @throws RangeError if a number is not above 0, or a side is empty.
 */
export function unpairedRatio(
  of: readonly number[],
  over: readonly number[],
  better: "higher" | "lower",
  confidence = 0.95,
): UnpairedRatio {
  const [left, right] = [summary(of), summary(over)];
  const n = [of.length, over.length] as const;
  const difference = left.mean - right.mean;
  const ratio = Math.exp(difference);
  if (Math.min(...n) < 2) {
    const method = "one round on a side, no interval";
    return { ratio, low: NaN, high: NaN, n, method, verdict: "inconclusive" };
  }
  const half = halfWidth(left, right, confidence);
  const interval = { low: Math.exp(difference - half), high: Math.exp(difference + half) };
  const percent = Math.round(100 * confidence);
  const method = `${percent}% interval, Welch's t on the logarithms of ${n[0]} and ${n[1]} rounds`;
  return { ratio, ...interval, n, method, verdict: ratioVerdict(interval, better) };
}

interface Summary {
  readonly mean: number;
  /** Variance of the mean. */
  readonly error: number;
  /** Degrees of freedom of the error. */
  readonly freedom: number;
}

function summary(values: readonly number[]): Summary {
  const n = values.length;
  const logs = values.map((value) => Math.log(value));
  if (n === 0 || !logs.every(Number.isFinite)) {
    throw new RangeError(`a ratio needs numbers above 0, got ${values.join(", ") || "none"}`);
  }
  const mean = logs.reduce((sum, log) => sum + log, 0) / n;
  const together = neighboursOf(n);
  const error = n < 2 ? NaN : blockVarianceOfMean(logs, together);
  return { mean, error, freedom: n / together - 1 };
}

/** Degrees of freedom by Welch and Satterthwaite. */
function halfWidth(left: Summary, right: Summary, confidence: number): number {
  const error = left.error + right.error;
  if (error === 0) return 0;
  const freedom = error ** 2 / (left.error ** 2 / left.freedom + right.error ** 2 / right.freedom);
  return studentTQuantile((1 + confidence) / 2, freedom) * Math.sqrt(error);
}
