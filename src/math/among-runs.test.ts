import { describe, expect, it } from "vitest";
import { amongRuns } from "./among-runs.ts";
import { Random } from "./random.ts";

describe("a run among others", () => {
  it("has the interval worked out by hand", () => {
    // Means 0, 0.1, 0.2: spread 0.1; t(0.95, 2) = 2.91999; 0.1 * sqrt(1 + 1/3).
    const others = [0, 0.1, 0.2].map((mean) => [mean - 0.01, mean + 0.01]);
    const { ratio, low, high, spread } = amongRuns([0.299, 0.301], others, 0.9);
    const half = 2.91998558 * 0.1 * Math.sqrt(4 / 3);
    expect(spread).toBeCloseTo(0.1, 12);
    expect(Math.log(ratio)).toBeCloseTo(0.2, 12);
    expect(Math.log(low)).toBeCloseTo(0.2 - half, 7);
    expect(Math.log(high)).toBeCloseTo(0.2 + half, 7);
  });

  it("counts how unsure the run is of itself where that is more than runs differ", () => {
    const others = [0, 0.001, 0.002].map((mean) => [mean, mean]);
    // Its values have the variance 0.04, its mean a third of it, with two degrees of freedom.
    const { low, ratio } = amongRuns([-0.2, 0, 0.2], others, 0.95);
    const error = 0.04 / 3 + 0.001 ** 2 / 3;
    expect(Math.log(ratio / low)).toBeCloseTo(4.30265273 * Math.sqrt(error), 6);
  });

  it("has no interval for one value, and refuses too few runs", () => {
    const others = [[0], [0.1], [0.2]];
    expect(amongRuns([0.1], others, 0.95)).toMatchObject({ low: NaN, high: NaN });
    expect(() => amongRuns([0.1, 0.2], others.slice(1), 0.95)).toThrow("got 1, 1");
    expect(() => amongRuns([], others, 0.95)).toThrow(RangeError);
  });

  it("holds the next run as often as it says, where runs differ by more than their own noise", () => {
    const random = new Random(3);
    const drawRun = (): number[] => {
      const start = 0.05 * random.gaussian();
      return Array.from({ length: 30 }, () => start + 0.1 * random.gaussian());
    };
    let held = 0;
    const trials = 2000;
    for (let trial = 0; trial < trials; trial++) {
      const others = Array.from({ length: 6 }, drawRun);
      const { low, high } = amongRuns(drawRun(), others, 0.9);
      if (low <= 1 && high >= 1) held++;
    }
    // Where the run's own noise is taken for more than the spread it holds a little more often.
    expect(held / trials).toBeGreaterThan(0.88);
    expect(held / trials).toBeLessThan(0.93);
  });
});
