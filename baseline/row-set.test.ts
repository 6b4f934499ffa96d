import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { packRows } from "./filter/pack-rows.ts";
import { RowBitmap } from "./filter/row-bitmap.ts";
import { RowSet } from "./row-set.ts";

function rowsIn(set: RowSet): number[] {
  const rows = new Uint32Array(set.cardinality);
  expect(set.writeRows(rows)).toBe(set.cardinality);
  return [...rows];
}

/** Scattered rows, and stretches long enough for bitmap and run containers. */
const stretch = fc.record({
  from: fc.integer({ min: 0, max: 400_000 }),
  length: fc.oneof(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 4_000, max: 9_000 })),
  step: fc.integer({ min: 1, max: 3 }),
});

describe("RowSet", () => {
  it("reads what CRoaring and the filter service write: lists, bitmaps and runs", () => {
    fc.assert(
      fc.property(fc.array(stretch, { maxLength: 5 }), fc.boolean(), (stretches, withRuns) => {
        const rows = new Set<number>();
        for (const { from, length, step } of stretches) {
          for (let i = 0; i < length; i++) rows.add(from + i * step);
        }
        const sorted = [...rows].toSorted((a, b) => a - b);
        const packed = Uint32Array.from(sorted);
        // CRoaring's bytes have runs where they help, ours never.
        const set = new RowSet(
          withRuns ? packRows(packed) : RowBitmap.of(packed).serialize().bytes,
        );
        expect(set.cardinality).toBe(sorted.length);
        expect(rowsIn(set)).toEqual(sorted);
        for (const row of sorted.slice(0, 50)) {
          expect(set.has(row)).toBe(true);
          expect(set.has(row + 1)).toBe(rows.has(row + 1));
        }
      }),
      { numRuns: 50 },
    );
  });

  it("has nothing where it is empty", () => {
    const set = new RowSet(packRows(new Uint32Array(0)));
    expect(set.cardinality).toBe(0);
    expect(set.has(0)).toBe(false);
    expect(rowsIn(set)).toEqual([]);
  });

  it("refuses bytes that are cut short or of another format", () => {
    const { bytes } = RowBitmap.of(Uint32Array.of(1, 70_000)).serialize();
    expect(() => new RowSet(bytes.subarray(0, bytes.length - 1))).toThrow("cut short");
    expect(() => new RowSet(bytes.subarray(0, 12))).toThrow("header is cut short");
    expect(() => new RowSet(Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8))).toThrow("no roaring bitmap");
    expect(() => new RowSet(new Uint8Array(0))).toThrow("no roaring bitmap");
  });
});
