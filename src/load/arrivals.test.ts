import * as fc from "fast-check";
import { expect, test } from "vitest";
import { Random } from "../math/random.ts";
import {
  arrivalTimes,
  burstRate,
  expectedArrivals,
  type RateFunction,
  rateSeconds,
  steadyRate,
} from "./arrivals.ts";

const drawn = (rate: RateFunction, arrivals: "poisson" | "constant", seed = 1): Float64Array =>
  arrivalTimes({ rate, arrivals, random: new Random(seed) });

/** How many times lie in [from, to) seconds. */
const within = (times: Float64Array, from: number, to: number): number =>
  times.filter((ms) => ms >= from * 1000 && ms < to * 1000).length;

test("constant arrivals are evenly spaced, half a gap from the start", () => {
  expect([...drawn(steadyRate(4, 1), "constant")]).toEqual([125, 375, 625, 875]);
});

test("poisson arrivals have exponential gaps: mean and deviation are one over the rate", () => {
  const times = drawn(steadyRate(1000, 60), "poisson");
  const gaps = times.subarray(1).map((ms, i) => ms - times[i]!);
  const mean = gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length;
  const variance = gaps.reduce((sum, gap) => sum + (gap - mean) ** 2, 0) / gaps.length;
  // Four standard errors of 60,000 gaps.
  expect(mean).toBeGreaterThan(0.984);
  expect(mean).toBeLessThan(1.016);
  expect(Math.sqrt(variance) / mean).toBeGreaterThan(0.97);
  expect(Math.sqrt(variance) / mean).toBeLessThan(1.03);
});

test("a ramp has a quarter of its arrivals in its first half when it starts from nothing", () => {
  const times = drawn([{ seconds: 10, from: 1e-9, to: 200 }], "constant");
  expect(times.length).toBe(1000);
  expect(within(times, 0, 5)).toBe(250);
});

test("a burst is where it is said to be", () => {
  const rate = burstRate({ base: 10, peak: 100, everySeconds: 2, forSeconds: 0.5 }, 4);
  expect(rateSeconds(rate)).toBeCloseTo(4, 9);
  expect(expectedArrivals(rate)).toBeCloseTo(2 * (15 + 50), 9);
  const times = drawn(rate, "constant");
  expect(within(times, 0, 1.5)).toBe(15);
  expect(within(times, 1.5, 2)).toBe(50);
});

test("a burst that is cut short by the end of the load ends with it", () => {
  const rate = burstRate({ base: 10, peak: 100, everySeconds: 2, forSeconds: 0.5 }, 1.75);
  expect(rate.map(({ seconds, from }) => [seconds, from])).toEqual([
    [1.5, 10],
    [0.25, 100],
  ]);
});

test("the same seed gives the same arrivals, at any rate the same pattern", () => {
  expect(drawn(steadyRate(50, 4), "poisson", 7)).toEqual(drawn(steadyRate(50, 4), "poisson", 7));
  const slow = drawn(steadyRate(50, 4), "poisson", 7);
  const fast = drawn(steadyRate(100, 2), "poisson", 7);
  expect([...fast].map((ms) => 2 * ms)).toEqual([...slow]);
});

const rates = fc.array(
  fc.record({
    seconds: fc.double({ min: 0.1, max: 3, noNaN: true }),
    from: fc.double({ min: 1, max: 300, noNaN: true }),
    to: fc.double({ min: 1, max: 300, noNaN: true }),
  }),
  { minLength: 1, maxLength: 4 },
);

test("whatever the rate, arrivals ascend, stay inside it, and are as many as expected", () => {
  fc.assert(
    fc.property(rates, (rate) => {
      const times = drawn(rate, "constant");
      expect(Math.abs(times.length - expectedArrivals(rate))).toBeLessThanOrEqual(1);
      for (const [i, ms] of times.entries()) {
        expect(ms).toBeGreaterThanOrEqual(i === 0 ? 0 : times[i - 1]!);
        expect(ms).toBeLessThanOrEqual(rateSeconds(rate) * 1000 + 1e-6);
      }
    }),
    { numRuns: 50 },
  );
});
