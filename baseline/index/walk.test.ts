import * as fc from "fast-check";
import { expect, it } from "vitest";
import { TopK } from "../../src/math/top-k.ts";
import { firstPassing, rowsOfQuery, wholeAnswers } from "./walk.ts";

it("keeps the first that pass, of equal values the lower rows, as a ranking of all does", () => {
  const pairs = fc.array(fc.record({ value: fc.integer({ min: 0, max: 6 }), row: fc.nat(60) }), {
    maxLength: 40,
  });
  fc.assert(
    fc.property(pairs, fc.integer({ min: 1, max: 12 }), fc.nat(5), (found, k, left) => {
      const once = [...new Map(found.map((pair) => [pair.row, pair])).values()];
      const best = once.toSorted((a, b) => b.value - a.value);
      const passes = (row: number): boolean => row % 6 !== left;
      const top = new TopK(k);
      for (const { row, value } of best) if (passes(row)) top.push(value, row);
      const rows = Uint32Array.from(best, ({ row }) => row);
      const values = Float32Array.from(best, ({ value }) => value);
      expect(firstPassing({ rows, values }, k, passes)).toEqual(top.take());
    }),
    { numRuns: 300 },
  );
});

it("looks no further than it must", () => {
  const looked: number[] = [];
  const rows = Uint32Array.of(4, 7, 5, 9, 1);
  const values = Float32Array.of(9, 8, 8, 7, 6);
  const passes = (row: number): boolean => looked.push(row) > 0;
  const found = firstPassing({ rows, values }, 2, passes);
  expect([...found.rows]).toEqual([4, 5]);
  expect(looked).toEqual([4, 7, 5]);
});

it("tells the queries of a walk apart", () => {
  const walk = {
    rows: Uint32Array.of(1, 2, 3, 4, 5, 0),
    values: Float32Array.of(6, 5, 4, 3, 2, 0),
    counts: Uint32Array.of(3, 2),
    wanted: 3,
  };
  expect([...rowsOfQuery(walk, 1).rows]).toEqual([4, 5]);
});

it("takes a walk as it is only where sifting would leave every row at its place", () => {
  const k = 3;
  const query = fc.record({
    values: fc.array(fc.integer({ min: 0, max: 3 }), { minLength: k, maxLength: k }),
    rows: fc.uniqueArray(fc.nat(9), { minLength: k, maxLength: k }),
    count: fc.constantFrom(k, k, k, k - 1),
  });
  fc.assert(
    fc.property(fc.array(query, { minLength: 1, maxLength: 4 }), fc.nat(3), (found, at) => {
      const walk = {
        rows: Uint32Array.from(found.flatMap(({ rows }) => rows)),
        values: Float32Array.from(found.flatMap(({ values }) => values.toSorted((a, b) => b - a))),
        counts: Uint32Array.from(found, ({ count }) => count),
        wanted: k,
      };
      const first = Math.min(at, found.length - 1);
      const queries = found.length - first;
      const sifted = Array.from({ length: queries }, (_, n) =>
        firstPassing(rowsOfQuery(walk, first + n), k, () => true),
      );
      const own = walk.rows.subarray(first * k);
      const isWhole =
        sifted.every(({ rows }) => rows.length === k) &&
        own.every((row, i) => row === sifted[Math.floor(i / k)]!.rows[i % k]);
      const asSifted = {
        rows: own,
        values: Float32Array.from(sifted.flatMap(({ values }) => [...values])),
      };
      const whole = wholeAnswers(walk, { first, queries, k });
      expect(whole).toEqual(isWhole ? asSifted : null);
    }),
    { numRuns: 300 },
  );
});

it("sifts a walk for more rows than are wanted", () => {
  const found = { rows: Uint32Array.of(1, 2), values: Float32Array.of(2, 1) };
  const walk = { ...found, counts: Uint32Array.of(2), wanted: 2 };
  expect(wholeAnswers(walk, { first: 0, queries: 1, k: 1 })).toBeNull();
});
