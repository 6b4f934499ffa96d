import { describe, expect, it } from "vitest";
import { blockBootstrapMeans, blockVarianceOfMean, neighboursOf } from "./bootstrap.ts";
import { Random } from "./random.ts";

describe("the variance of a series' mean", () => {
  it("is the usual one where each value stands alone", () => {
    // Mean 3, squares 4 + 1 + 0 + 1 + 4 = 10: 10 / 4 / 5.
    expect(blockVarianceOfMean([1, 2, 3, 4, 5], 1)).toBeCloseTo(0.5, 12);
  });

  it("is that of the means that resampling draws, in blocks too", () => {
    const random = new Random(5);
    let level = 0;
    const values = Array.from({ length: 64 }, () => (level = 0.6 * level + random.gaussian()));
    for (const blockLength of [1, 4]) {
      const means = blockBootstrapMeans(values, { blockLength, resamples: 40_000, random });
      const middle = means.reduce((sum, mean) => sum + mean, 0) / means.length;
      const drawn = means.reduce((sum, mean) => sum + (mean - middle) ** 2, 0) / means.length;
      // Resampling divides by n where an unbiased estimate has n - length.
      const unbiased = (drawn * 64) / (64 - blockLength);
      expect(blockVarianceOfMean(values, blockLength) / unbiased).toBeCloseTo(1, 1);
    }
    expect(blockVarianceOfMean(values, 4)).toBeGreaterThan(blockVarianceOfMean(values, 1));
  });

  it("has neighbours together from twenty values on", () => {
    expect([5, 19, 20, 27, 28, 100].map(neighboursOf)).toEqual([1, 1, 3, 3, 4, 5]);
  });
});
