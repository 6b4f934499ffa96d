import * as fc from "fast-check";
import { expect, test } from "vitest";
import { ascendingRows } from "./ascending-rows.ts";

test("rows come by number, then row, and those without a number are left out", () => {
  const values = Float32Array.of(3, NaN, -1, 3, Infinity, 0, -0, -Infinity, -2.5, 1e-40);
  expect([...ascendingRows(values)]).toEqual([7, 8, 2, 5, 6, 9, 0, 3, 4]);
  expect([...ascendingRows(new Float32Array(0))]).toEqual([]);
});

test("the order is that of comparing", () => {
  fc.assert(
    fc.property(fc.float32Array({ maxLength: 300 }), (values) => {
      const rows = [...values.keys()].filter((row) => !Number.isNaN(values[row]));
      const compared = rows.toSorted((a, b) => {
        if (values[a] === values[b]) return a - b;
        return values[a]! < values[b]! ? -1 : 1;
      });
      expect([...ascendingRows(values)]).toEqual(compared);
    }),
    { numRuns: 100 },
  );
});

test("numbers may lie within a longer array, in memory that threads share", () => {
  const shared = new Float32Array(new SharedArrayBuffer(4 * 6));
  shared.set([9, 9, 2, 1, 3, 9]);
  expect([...ascendingRows(shared.subarray(2, 5))]).toEqual([1, 0, 2]);
});
