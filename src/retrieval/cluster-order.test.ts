import { expect, test } from "vitest";
import { Random } from "../math/random.ts";
import { clusterSpread, expectedBest, NONE_ELIGIBLE } from "./cluster-order.ts";

test.each([
  // e^2 - 1 items: two deviations; e^(9/2) - 1: three; less 2 - ln(e^2 - 1), and so on.
  [Math.exp(2) - 1, Math.log(Math.exp(2) - 1)],
  [Math.exp(4.5) - 1, 3 - 4.5 + Math.log(Math.exp(4.5) - 1)],
  [1, 0.48426],
  [1000, 3.71619],
  // One in a hundred clusters has one: -ln(101), and the root of 0.0199.
  [0.01, -4.47405],
])("of %f eligible items the best is expected %f deviations beyond the centroid", (count, best) => {
  expect(expectedBest(count)).toBeCloseTo(best, 5);
});

test("none eligible for certain comes behind any score that vectors have", () => {
  expect(NONE_ELIGIBLE).toBeLessThan(-1000);
  expect(Math.fround(NONE_ELIGIBLE)).toBe(NONE_ELIGIBLE);
});

test("the spread is the root of the mean square distance from the centroids in a dimension", () => {
  // Two clusters about (0, 0) and (10, 10).
  const values = Float32Array.of(1, 0, -1, 0, 10, 13, 10, 7);
  const centroids = { values: Float32Array.of(0, 0, 10, 10) };
  const spread = clusterSpread({ dim: 2, values }, centroids, Uint32Array.of(0, 0, 1, 1));
  expect(spread).toBeCloseTo(Math.sqrt((1 + 1 + 9 + 9) / 8), 12);
});

test("no items have no spread", () => {
  const none = { dim: 4, values: new Float32Array(0) };
  expect(clusterSpread(none, none, new Uint32Array(0))).toBe(0);
});

// The means of the best of 4, 10, 100 and 1,000 are 1.03, 1.54, 2.51 and 3.24 deviations.
test("the best of normal deviations is expected too far, by less the more there are", () => {
  const random = new Random(1);
  const ratios = [4, 10, 100, 1000].map((count) => {
    let sum = 0;
    const draws = 200;
    for (let draw = 0; draw < draws; draw++) {
      let best = -Infinity;
      for (let item = 0; item < count; item++) best = Math.max(best, random.gaussian());
      sum += best;
    }
    return expectedBest(count) / (sum / draws);
  });
  expect(ratios).toEqual(ratios.toSorted((a, b) => b - a));
  expect(ratios[0]).toBeLessThan(2);
  expect(ratios[3]).toBeGreaterThan(1);
});
