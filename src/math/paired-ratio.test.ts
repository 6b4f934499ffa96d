import { describe, expect, it } from "vitest";
import { pairedRatio } from "./paired-ratio.ts";
import type { Pair } from "./paired-ratio.ts";
import { Random } from "./random.ts";

describe("a paired ratio", () => {
  it("has the interval worked out by hand", () => {
    // Log-ratios 0.6, 0.7, 0.8: mean 0.7, standard error 0.1 / sqrt 3, t(0.975, 2) = 4.30265.
    const pairs = [0.6, 0.7, 0.8].map((log) => ({ of: Math.exp(log), over: 1 }));
    const { ratio, low, high, n } = pairedRatio(pairs, "higher");
    const half = (4.30265273 * 0.1) / Math.sqrt(3);
    expect(n).toBe(3);
    expect(ratio).toBeCloseTo(Math.exp(0.7), 10);
    expect(low).toBeCloseTo(Math.exp(0.7 - half), 7);
    expect(high).toBeCloseTo(Math.exp(0.7 + half), 7);
  });

  it("does not see what both sides of a round share", () => {
    const weather = [1, 3, 0.5, 2];
    const pairs = weather.map((speed) => ({ of: 200 * speed, over: 100 * speed }));
    const { ratio, low, high } = pairedRatio(pairs, "higher");
    expect([ratio, low, high].map((value) => value.toFixed(9))).toEqual(
      Array(3).fill("2.000000000"),
    );
  });

  it("turns over when its sides are swapped", () => {
    const pairs = noisy(7, 1.4, 0.1, 8);
    const there = pairedRatio(pairs, "higher");
    const back = pairedRatio(
      pairs.map(({ of, over }) => ({ of: over, over: of })),
      "higher",
    );
    expect(back.ratio).toBeCloseTo(1 / there.ratio, 12);
    expect(back.low).toBeCloseTo(1 / there.high, 12);
  });

  it("says better, worse, same or inconclusive, with the metric's own direction", () => {
    expect(verdict(2, 0.01, "higher")).toBe("better");
    expect(verdict(2, 0.01, "lower")).toBe("worse");
    expect(verdict(0.5, 0.01, "higher")).toBe("worse");
    expect(verdict(0.5, 0.01, "lower")).toBe("better");
    expect(verdict(1.002, 0.001, "higher")).toBe("same");
    expect(verdict(1.1, 0.2, "higher")).toBe("inconclusive");
  });

  it("has no interval and no verdict on fewer than two pairs", () => {
    const one = pairedRatio([{ of: 2, over: 1 }], "higher");
    expect(one).toMatchObject({ ratio: 2, low: NaN, high: NaN, n: 1, verdict: "inconclusive" });
    expect(pairedRatio([], "higher")).toMatchObject({ ratio: NaN, n: 0, verdict: "inconclusive" });
  });

  it("refuses a side that is 0 or not a number", () => {
    expect(() => pairedRatio([{ of: 0, over: 1 }], "higher")).toThrow("got 0 / 1");
    expect(() => pairedRatio([{ of: 1, over: NaN }], "higher")).toThrow("got 1 / NaN");
  });

  it.each([5, 30])("holds the true ratio in about 95 of 100 experiments of %i pairs", (n) => {
    const experiments = n < 20 ? 600 : 120;
    let held = 0;
    for (let seed = 1; seed <= experiments; seed++) {
      const { low, high } = pairedRatio(noisy(seed, 1.25, 0.3, n), "higher");
      if (low <= 1.25 && 1.25 <= high) held++;
    }
    // 95% less the usual loss of a percentile bootstrap at 30 values; three standard errors wide.
    expect(held / experiments).toBeGreaterThan(n < 20 ? 0.92 : 0.85);
    expect(held / experiments).toBeLessThan(0.995);
  });

  it("gives the same interval for the same numbers every time", () => {
    const pairs = noisy(3, 1.1, 0.2, 40);
    expect(pairedRatio(pairs, "lower")).toEqual(pairedRatio(pairs, "lower"));
    expect(pairedRatio(pairs, "lower").method).toContain("4 neighbours at a time");
  });
});

/** Three rounds around a centre, `spread` apart on the logarithm. */
function verdict(centre: number, spread: number, better: "higher" | "lower"): string {
  const pairs = [-1, 0, 1].map((z) => ({ of: centre * Math.exp(z * spread), over: 1 }));
  return pairedRatio(pairs, better).verdict;
}

function noisy(seed: number, ratio: number, spread: number, n: number): Pair[] {
  const random = new Random(seed);
  return Array.from({ length: n }, () => {
    const weather = Math.exp(random.gaussian());
    return { of: ratio * weather * Math.exp(spread * random.gaussian()), over: weather };
  });
}
