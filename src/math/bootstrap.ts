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
