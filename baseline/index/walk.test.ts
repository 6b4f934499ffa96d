import * as fc from "fast-check";
import { expect, it } from "vitest";
import { TopK } from "../../src/math/top-k.ts";
import { firstPassing, rowsOfQuery } from "./walk.ts";

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
