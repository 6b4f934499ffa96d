import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Random, shuffle, Zipf } from "./random.ts";

const draw = (random: Random, n: number): number[] =>
  Array.from({ length: n }, () => random.float());
const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

describe("Random", () => {
  test("the same seed gives the same numbers, on every machine", () => {
    const random = new Random(42);
    expect([random.bits(), random.bits(), random.bits()]).toMatchInlineSnapshot(`
      [
        660444221,
        3652823732,
        77672526,
      ]
    `);
  });

  test("neighbouring seeds share nothing", () => {
    const first = new Set(
      Array.from(
        { length: 1000 },
        (
          (r) => () =>
            r.bits()
        )(new Random(1)),
      ),
    );
    const second = Array.from(
      { length: 1000 },
      (
        (r) => () =>
          r.bits()
      )(new Random(2)),
    );
    expect(second.filter((bits) => first.has(bits)).length).toBeLessThan(3);
  });

  test("float is uniform: mean 1/2, variance 1/12, within 5 standard errors", () => {
    const values = draw(new Random(7), 100_000);
    expect(Math.abs(mean(values) - 0.5)).toBeLessThan(5 * Math.sqrt(1 / 12 / 100_000));
    const variance = mean(values.map((value) => (value - 0.5) ** 2));
    expect(Math.abs(variance - 1 / 12)).toBeLessThan(5 * Math.sqrt(1 / 180 / 100_000));
  });

  test("gaussian has mean 0, variance 1, fourth moment 3", () => {
    const random = new Random(8);
    const values = Array.from({ length: 200_000 }, () => random.gaussian());
    expect(Math.abs(mean(values))).toBeLessThan(5 / Math.sqrt(200_000));
    expect(Math.abs(mean(values.map((x) => x * x)) - 1)).toBeLessThan(5 * Math.sqrt(2 / 200_000));
    expect(Math.abs(mean(values.map((x) => x ** 4)) - 3)).toBeLessThan(5 * Math.sqrt(96 / 200_000));
  });

  test("int reaches every value of its range and none outside", () => {
    fc.assert(
      fc.property(fc.nat(), fc.integer({ min: 1, max: 50 }), (seed, n) => {
        const random = new Random(seed);
        const seen = new Set(Array.from({ length: n * 40 }, () => random.int(n)));
        expect(Math.min(...seen)).toBe(0);
        expect(Math.max(...seen)).toBe(n - 1);
      }),
      { numRuns: 30 },
    );
  });

  test("a fork depends on seed and label, not on what was drawn before", () => {
    const fresh = new Random(3);
    const used = new Random(3);
    draw(used, 17);
    expect(draw(used.fork("items"), 5)).toEqual(draw(fresh.fork("items"), 5));
    expect(draw(fresh.fork("users"), 5)).not.toEqual(draw(fresh.fork("items"), 5));
    expect(draw(new Random(4).fork("items"), 5)).not.toEqual(draw(fresh.fork("items"), 5));
  });
});

describe("Zipf", () => {
  test.each([0, 0.5, 0.8, 1, 1.5])(
    "exponent %d: every rank has its closed-form share",
    (exponent) => {
      const n = 20;
      const draws = 100_000;
      const random = new Random(9);
      const zipf = new Zipf(n, exponent);
      const counts = new Float64Array(n);
      for (let at = 0; at < draws; at++) counts[zipf.sample(random)]!++;
      const weights = Array.from({ length: n }, (_, rank) => (rank + 1) ** -exponent);
      const total = weights.reduce((sum, weight) => sum + weight, 0);
      for (let rank = 0; rank < n; rank++) {
        const share = weights[rank]! / total;
        const bound = 5 * Math.sqrt(draws * share * (1 - share));
        expect(Math.abs(counts[rank]! - draws * share)).toBeLessThan(bound);
      }
    },
  );

  test("one rank, or a hundred million, stay in range", () => {
    const random = new Random(10);
    expect(new Zipf(1, 0.8).sample(random)).toBe(0);
    const many = new Zipf(100_000_000, 0.8);
    for (let at = 0; at < 1000; at++) {
      const rank = many.sample(random);
      expect(rank).toBeGreaterThanOrEqual(0);
      expect(rank).toBeLessThan(100_000_000);
    }
  });
});

describe("shuffle", () => {
  test("keeps every element, and each of the 6 orders of 3 comes equally often", () => {
    const random = new Random(11);
    const counts = new Map<string, number>();
    for (let at = 0; at < 60_000; at++) {
      const key = shuffle([1, 2, 3], random).join("");
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
    expect([...counts.keys()].toSorted()).toEqual(["123", "132", "213", "231", "312", "321"]);
    for (const count of counts.values()) {
      expect(Math.abs(count - 10_000)).toBeLessThan(5 * Math.sqrt(60_000 * (1 / 6) * (5 / 6)));
    }
  });

  test("works on typed arrays", () => {
    const shuffled = shuffle(
      Uint32Array.from({ length: 100 }, (_, at) => at),
      new Random(12),
    );
    expect(shuffled.toSorted()).toEqual(Uint32Array.from({ length: 100 }, (_, at) => at));
  });
});
