import { describe, expect, it } from "vitest";
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

  it("has no interval where a side has one round", () => {
    const { ratio, low, verdict } = unpairedRatio([3], [1, 1, 1], "higher");
    expect([ratio, low, verdict]).toEqual([expect.closeTo(3, 12), NaN, "inconclusive"]);
  });

  it("refuses what has no logarithm, and nothing at all", () => {
    expect(() => unpairedRatio([1, 0], [1], "higher")).toThrow("above 0");
    expect(() => unpairedRatio([], [1], "higher")).toThrow("none");
  });
});
