import { describe, expect, it } from "vitest";
import { Random } from "./random.ts";
import { unpairedRatio } from "./unpaired-ratio.ts";

describe("a ratio of two runs", () => {
  it("is that of the geometric means, with Welch's interval on the logarithms", () => {
    // Logarithms 1, 2, 3, 4 and 0, 1, 2: means 2.5 and 1, errors 5/12 and 1/3, freedom 4.96:
    // t(0.975) is 2.5788, so 1.5 -+ 2.5788 * sqrt(3/4).
    const of = [1, 2, 3, 4].map(Math.exp);
    const over = [0, 1, 2].map(Math.exp);
    const { ratio, low, high, n, verdict } = unpairedRatio(of, over, "higher");
    expect(Math.log(ratio)).toBeCloseTo(1.5, 12);
    expect(Math.log(high) - 1.5).toBeCloseTo(2.5788 * Math.sqrt(0.75), 2);
    expect(1.5 - Math.log(low)).toBeCloseTo(Math.log(high) - 1.5, 12);
    expect([n, verdict]).toEqual([[4, 3], "inconclusive"]);
  });

  it("knows better from worse by the metric", () => {
    const fast = [100, 101, 99, 100];
    const slow = [50, 50.5, 49.5, 50];
    expect(unpairedRatio(fast, slow, "higher").verdict).toBe("better");
    expect(unpairedRatio(fast, slow, "lower").verdict).toBe("worse");
    expect(unpairedRatio(slow, fast, "higher").verdict).toBe("worse");
    expect(unpairedRatio([1, 1], [1, 1], "higher")).toMatchObject({
      low: 1,
      high: 1,
      verdict: "same",
    });
  });

  it("is as unsure of what drifts as its drift makes it, from twenty values on", () => {
    const drawn = new Random(3);
    const steady = Array.from({ length: 60 }, () => Math.exp(0.1 * drawn.gaussian()));
    // The same values, but each beside its like.
    const drifting = steady.toSorted((a, b) => a - b);
    const width = (series: readonly number[]): number => {
      const { low, high } = unpairedRatio(series, series, "higher");
      return Math.log(high / low);
    };
    expect(width(drifting)).toBeGreaterThan(1.7 * width(steady));
    expect(width(drifting.slice(0, 19))).toBeCloseTo(width(drifting.slice(0, 19).toReversed()), 12);
  });

  it("holds the true ratio in about 95 of 100 experiments on rounds that hang together", () => {
    const drawn = new Random(11);
    const series = (): number[] => {
      let weather = 0;
      return Array.from({ length: 80 }, () => {
        weather = 0.3 * weather + 0.08 * drawn.gaussian();
        return Math.exp(weather);
      });
    };
    const experiments = 400;
    let held = 0;
    for (let i = 0; i < experiments; i++) {
      const { low, high } = unpairedRatio(series(), series(), "higher");
      if (low <= 1 && high >= 1) held++;
    }
    expect(held / experiments).toBeGreaterThan(0.9);
    expect(held / experiments).toBeLessThan(0.99);
  });

  it("has no interval where a side has one round", () => {
    const { ratio, low, verdict } = unpairedRatio([3], [1, 1, 1], "higher");
    expect([ratio, low, verdict]).toEqual([expect.closeTo(3, 12), NaN, "inconclusive"]);
  });

  it("refuses what has no logarithm, and nothing at all", () => {
    expect(() => unpairedRatio([1, 0], [1], "higher")).toThrow("above 0");
    expect(() => unpairedRatio([], [1], "higher")).toThrow("none");
  });
});
