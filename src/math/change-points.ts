import { studentTQuantile } from "./student-t.ts";

/** Values a stretch must have on each side of a change. */
const SHORTEST = 4;
/** Of the t distribution, for a split chosen as the best of all. */
const SURE = 0.9995;

/**
 * Places where the level of a series changes: binary segmentation (Scott & Knott, 1974). The split
 * with the largest Welch t on the logarithms is taken if it is beyond the 99.9% bound, which is
 * strict because it is the best of many; then each side is split in turn.
 * @param values above 0, in order of time.
 * @returns ascending positions of the first value of each new level.
 */
export function changePoints(values: readonly number[]): number[] {
  const logs = values.map((value) => Math.log(value));
  if (!logs.every(Number.isFinite)) throw new RangeError("a level needs numbers above 0");
  return splits(logs, 0, logs.length);
}

function splits(logs: readonly number[], from: number, to: number): number[] {
  let best = { at: -1, excess: 0 };
  for (let at = from + SHORTEST; at <= to - SHORTEST; at++) {
    const excess = excessOf(logs.slice(from, at), logs.slice(at, to));
    if (excess > best.excess) best = { at, excess };
  }
  if (best.at === -1) return [];
  return [...splits(logs, from, best.at), best.at, ...splits(logs, best.at, to)];
}

/** Welch's t over its bound, less 1: above 0 the two sides differ. */
function excessOf(left: readonly number[], right: readonly number[]): number {
  const [a, b] = [level(left), level(right)];
  const error = a.error + b.error;
  const difference = Math.abs(a.mean - b.mean);
  // Levels that do not move at all differ if they differ by anything but rounding.
  if (error < 1e-24) return difference > 1e-9 ? Infinity : 0;
  const freedom = error ** 2 / (a.error ** 2 / (a.n - 1) + b.error ** 2 / (b.n - 1));
  return difference / Math.sqrt(error) / studentTQuantile(SURE, freedom) - 1;
}

function level(values: readonly number[]): { n: number; mean: number; error: number } {
  const n = values.length;
  const mean = values.reduce((sum, value) => sum + value, 0) / n;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { n, mean, error: squares / (n - 1) / n };
}
