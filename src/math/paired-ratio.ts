import { blockBootstrapMeans, neighboursOf } from "./bootstrap.ts";
import { quantile } from "./quantile.ts";
import { Random } from "./random.ts";
import { studentTQuantile } from "./student-t.ts";

/** Two measurements of one round: both above 0. */
export interface Pair {
  readonly of: number;
  readonly over: number;
}

export type RatioVerdict = "better" | "worse" | "same" | "inconclusive";

/** A ratio with its interval; NaN bounds where there are too few pairs for one. */
export interface PairedRatio {
  readonly ratio: number;
  readonly low: number;
  readonly high: number;
  readonly n: number;
  /** How the interval was made, in words for the reader. */
  readonly method: string;
  readonly verdict: RatioVerdict;
}

const RESAMPLES = 10_000;
/** Differences within 1% are called the same, however sure they are. */
const NOISE_BAND = 1.01;

/**
 * Geometric mean of paired ratios with an interval. Below 20 pairs: Student's t on the
 * log-ratios; from there: a circular block bootstrap of their mean, blocks of n^(1/3).
 * Pairing by round takes out what both sides of a round share: the weather of the machine.
 * @param better whether a ratio above 1 is good (throughput) or bad (latency).
 * @param paired what was paired, for the words of the method.
 * @param confidence of the interval, 0..1.
 * @throws RangeError if a number is not above 0.
 */
export function pairedRatio(
  pairs: readonly Pair[],
  better: "higher" | "lower",
  paired: "rounds" | "blocks" = "rounds",
  confidence = 0.95,
): PairedRatio {
  const logs = pairs.map(({ of, over }) => {
    const log = Math.log(of / over);
    if (of > 0 && over > 0 && Number.isFinite(log)) return log;
    throw new RangeError(`a ratio needs numbers above 0, got ${of} / ${over}`);
  });
  const n = logs.length;
  const mean = logs.reduce((sum, log) => sum + log, 0) / n;
  const { low, high, method } =
    neighboursOf(n) === 1
      ? byStudentT(logs, paired, confidence)
      : byBootstrap(logs, paired, confidence);
  const interval = { ratio: Math.exp(mean), low: Math.exp(low), high: Math.exp(high) };
  return { ...interval, n, method, verdict: ratioVerdict(interval, better) };
}

interface LogInterval {
  readonly low: number;
  readonly high: number;
  readonly method: string;
}

function byStudentT(logs: readonly number[], paired: string, confidence: number): LogInterval {
  const n = logs.length;
  const mean = logs.reduce((sum, log) => sum + log, 0) / n;
  if (n < 2) {
    const method = n === 1 ? `one pair of ${paired}, no interval` : `no pair of valid ${paired}`;
    return { low: NaN, high: NaN, method };
  }
  const variance = logs.reduce((sum, log) => sum + (log - mean) ** 2, 0) / (n - 1);
  const half = studentTQuantile((1 + confidence) / 2, n - 1) * Math.sqrt(variance / n);
  const method = `${percent(confidence)} interval, Student's t on the log-ratios of ${n} paired ${paired}`;
  return { low: mean - half, high: mean + half, method };
}

function byBootstrap(logs: readonly number[], paired: string, confidence: number): LogInterval {
  const n = logs.length;
  const blockLength = neighboursOf(n);
  // A fixed seed: the same measurements always give the same interval.
  const random = new Random(n);
  const means = blockBootstrapMeans(logs, { blockLength, resamples: RESAMPLES, random });
  const method = `${percent(confidence)} interval, bootstrap of ${n} paired ${paired}, drawn ${blockLength} neighbours at a time`;
  const beyond = (1 - confidence) / 2;
  return { low: quantile(means, beyond), high: quantile(means, 1 - beyond), method };
}

const percent = (share: number): string => `${Math.round(100 * share)}%`;

/** What a ratio's interval says: sure of a difference beyond the noise band, sure of none, or unsure. */
export function ratioVerdict(
  interval: { low: number; high: number },
  better: "higher" | "lower",
): RatioVerdict {
  const { low, high } = interval;
  if (low > NOISE_BAND) return better === "higher" ? "better" : "worse";
  if (high < 1 / NOISE_BAND) return better === "higher" ? "worse" : "better";
  return low >= 1 / NOISE_BAND && high <= NOISE_BAND ? "same" : "inconclusive";
}
