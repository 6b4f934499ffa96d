import { expect, test } from "vitest";
import { Histogram } from "../math/histogram.ts";
import { Random } from "../math/random.ts";
import { latencyIntervalsOf, latencyOf } from "./latency.ts";

const histogramOf = (latenciesMs: readonly number[]): Histogram => {
  const histogram = Histogram.create();
  for (const ms of latenciesMs) histogram.recordMs(ms);
  return histogram;
};

/** 1, 2, .. n milliseconds. */
const of = (count: number): ReturnType<typeof latencyOf> =>
  latencyOf(histogramOf(Array.from({ length: count }, (_, i) => i + 1)));

test("a percentile is shown only from ten samples above it", () => {
  expect(of(999)).toMatchObject({ p99: null });
  expect(of(1000).p99).toBeCloseTo(990, 0);
  expect(of(0)).toMatchObject({ p50: null, max: null, mean: null });
});

test("the interval of a percentile holds the truth in about 95 of 100 experiments", () => {
  let held = 0;
  for (let seed = 1; seed <= 200; seed++) {
    const random = new Random(seed);
    const drawn = Array.from({ length: 1000 }, () => -10 * Math.log(1 - random.float()));
    const [low, high] = latencyIntervalsOf(histogramOf(drawn))["p90"]!;
    // The 90th percentile of an exponential distribution with mean 10.
    const truth = 10 * Math.log(10);
    if (low <= truth && truth <= high) held++;
  }
  expect(held).toBeGreaterThan(180);
  expect(held).toBeLessThan(200);
});

test("what is not shown has no interval", () => {
  expect(Object.keys(latencyIntervalsOf(histogramOf(Array<number>(150).fill(1))))).toEqual([
    "p50",
    "p90",
  ]);
});
