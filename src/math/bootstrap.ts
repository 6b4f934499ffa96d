import { sorted } from "./quantile.ts";
import type { Sorted } from "./quantile.ts";
import type { Random } from "./random.ts";

/**
 * Means of resampled series by the circular block bootstrap (Politis & Romano, "A circular
 * block-resampling procedure for stationary data", 1992): neighbours stay together, so that slow
 * drift between rounds widens the interval as it should.
 * @param blockLength consecutive values drawn at once, at least 1.
 * @returns one mean a resample, ascending.
 */
export function blockBootstrapMeans(
  values: readonly number[],
  options: { blockLength: number; resamples: number; random: Random },
): Sorted {
  const { blockLength, resamples, random } = options;
  const n = values.length;
  const means = new Float64Array(resamples);
  for (let resample = 0; resample < resamples; resample++) {
    let sum = 0;
    for (let drawn = 0; drawn < n; drawn += blockLength) {
      const start = random.int(n);
      const length = Math.min(blockLength, n - drawn);
      for (let step = 0; step < length; step++) sum += values[(start + step) % n]!;
    }
    means[resample] = sum / n;
  }
  return sorted(means);
}

/** Below so many values each stands alone; from there on neighbours are drawn together. */
const TOGETHER_FROM = 20;

/** How many neighbours of a series of n are drawn at once: n^(1/3), so that slow drift is seen. */
export function neighboursOf(n: number): number {
  return n < TOGETHER_FROM ? 1 : Math.ceil(Math.cbrt(n));
}

/**
 * What the circular block bootstrap has as the variance of a series' mean, in closed form: that of
 * the means of all its blocks, over the number of blocks. For blocks of one value it is the usual
 * variance over n; longer ones are as unbiased by (n - length) in place of (n - 1).
 * @param values at least `blockLength + 1`.
 */
export function blockVarianceOfMean(values: readonly number[], blockLength: number): number {
  const n = values.length;
  const mean = values.reduce((sum, value) => sum + value, 0) / n;
  let squares = 0;
  for (let start = 0; start < n; start++) {
    let sum = 0;
    for (let step = 0; step < blockLength; step++) sum += values[(start + step) % n]!;
    squares += (sum / blockLength - mean) ** 2;
  }
  return (squares * blockLength) / (n * (n - blockLength));
}
