import * as fc from "fast-check";
import { expect, test } from "vitest";
import { RowSet } from "../row-set.ts";
import { RowBitmap } from "./row-bitmap.ts";

/** Rows of three containers, few enough for a list or many enough for words. */
const someRows = fc.oneof(
  fc.uniqueArray(fc.nat(3 * 65_536 - 1), { maxLength: 40 }),
  fc
    .record({ from: fc.nat(70_000), step: fc.integer({ min: 1, max: 9 }) })
    .map(({ from, step }) => Array.from({ length: 9_000 }, (_, i) => from + i * step)),
);

function rowsIn(bitmap: RowBitmap): number[] {
  const set = new RowSet(bitmap.serialize().bytes);
  const rows = new Uint32Array(set.cardinality);
  set.writeRows(rows);
  return [...rows];
}

test("mended bit by bit it has the rows that were added, or not those that were taken away", () => {
  fc.assert(
    fc.property(someRows, someRows, (held, others) => {
      const bitmap = RowBitmap.of(Uint32Array.from(held));
      const before = rowsIn(bitmap);
      const both = [...new Set([...held, ...others])].toSorted((a, b) => a - b);
      expect(rowsIn(bitmap.mended(Uint32Array.from(others), true))).toEqual(both);
      const taken = new Set(others);
      const rest = held.filter((row) => !taken.has(row)).toSorted((a, b) => a - b);
      expect(rowsIn(bitmap.mended(Uint32Array.from(others), false))).toEqual(rest);
      // What it was made from stays as it was.
      expect(rowsIn(bitmap)).toEqual(before);
    }),
    { numRuns: 15 },
  );
});
