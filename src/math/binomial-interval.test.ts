import { describe, expect, it } from "vitest";
import { binomialAtMost, quantileRanks } from "./binomial-interval.ts";

describe("the binomial distribution", () => {
  it("counts heads of ten fair coins", () => {
    expect(binomialAtMost(0, 10, 0.5)).toBeCloseTo(1 / 1024, 12);
    expect(binomialAtMost(1, 10, 0.5)).toBeCloseTo(11 / 1024, 12);
    expect(binomialAtMost(5, 10, 0.5)).toBeCloseTo(638 / 1024, 12);
    expect(binomialAtMost(-1, 10, 0.5)).toBe(0);
    expect(binomialAtMost(10, 10, 0.5)).toBe(1);
  });
});

describe("the interval of a quantile", () => {
  it("has the ranks that tables of the sign test give for the median", () => {
    expect(quantileRanks(10, 0.5)).toEqual({ low: 2, high: 9 });
    expect(quantileRanks(20, 0.5)).toEqual({ low: 6, high: 15 });
    expect(quantileRanks(100, 0.5)).toEqual({ low: 40, high: 61 });
  });

  it("does not exist for a p99 of a hundred samples, and does for a thousand", () => {
    expect(quantileRanks(100, 0.99)).toBeNull();
    expect(quantileRanks(1000, 0.99)).toEqual({ low: 983, high: 997 });
  });

  it("covers at least what it promises, whatever the share", () => {
    for (const n of [100, 400, 3000]) {
      for (const share of [0.5, 0.9, 0.95]) {
        const { low, high } = quantileRanks(n, share)!;
        const covered = binomialAtMost(high - 1, n, share) - binomialAtMost(low - 1, n, share);
        expect(covered).toBeGreaterThanOrEqual(0.95);
      }
    }
  });

  it("works for millions of samples", () => {
    const { low, high } = quantileRanks(4_000_000, 0.999)!;
    expect((low + high) / 2).toBeCloseTo(3_996_000, -2);
    expect(high - low).toBeCloseTo(2 * 1.96 * Math.sqrt(4_000_000 * 0.999 * 0.001), -1);
  });
});
