import { blockVarianceOfMean, neighboursOf } from "./bootstrap.ts";
import { studentTQuantile } from "./student-t.ts";

/** A run beside others of the same. */
export interface AmongRuns {
  /** Of the run's geometric mean to that of the others, with its interval; NaN bounds: there is none. */
  readonly ratio: number;
  readonly low: number;
  readonly high: number;
  /** Standard deviation of the other runs' means, as logarithms. */
  readonly spread: number;
}

/** Runs from which on their spread says how far another may lie from them. */
export const FEWEST_RUNS = 3;

/**
 * How a run stands among others of the same, with an interval that holds how far runs lie apart:
 * what differs from one start to the next, and the machine's weather, are in no interval that is
 * made within a run. It is Student's prediction interval for the mean of one run more, and where the
 * run is less sure of its own mean than runs differ, as when something got in its way, that counts
 * instead.
 * @param run, others logarithms, each run in the order of time.
 * @param confidence of the interval, 0..1.
 * @throws RangeError with fewer than three other runs, or an empty one.
 */
export function amongRuns(
  run: readonly number[],
  others: readonly (readonly number[])[],
  confidence: number,
): AmongRuns {
  if (others.length < FEWEST_RUNS || [run, ...others].some(({ length }) => length === 0)) {
    const lengths = others.map(({ length }) => length).join(", ") || "none";
    throw new RangeError(`runs differ by what ${FEWEST_RUNS} whole ones show, got ${lengths}`);
  }
  const means = others.map(meanOf);
  const middle = meanOf(means);
  const variance = means.reduce((sum, mean) => sum + (mean - middle) ** 2, 0) / (others.length - 1);
  const difference = meanOf(run) - middle;
  const base = { ratio: Math.exp(difference), spread: Math.sqrt(variance) };
  if (run.length < 2) return { ...base, low: NaN, high: NaN };
  const together = neighboursOf(run.length);
  const own = blockVarianceOfMean(run, together);
  const freedom =
    own > variance ? Math.min(others.length - 1, run.length / together - 1) : others.length - 1;
  const error = Math.max(own, variance) + variance / others.length;
  const half = studentTQuantile((1 + confidence) / 2, freedom) * Math.sqrt(error);
  return { ...base, low: Math.exp(difference - half), high: Math.exp(difference + half) };
}

const meanOf = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;
