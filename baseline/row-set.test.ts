import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Bitmap, bitmapOf, packBitmap } from "./filter/bitmap.ts";
import { RowSet } from "./row-set.ts";

/** Serialises and reads back; frees the bitmap. */
function readBack(bitmap: Bitmap): RowSet {
  const bytes = packBitmap(bitmap);
  bitmap.dispose();
  return new RowSet(bytes);
}

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
  it("reads what roaring wrote: lists, bitmaps and runs", () => {
    fc.assert(
      fc.property(fc.array(stretch, { maxLength: 5 }), fc.boolean(), (stretches, withRuns) => {
        const rows = new Set<number>();
        for (const { from, length, step } of stretches) {
          for (let i = 0; i < length; i++) rows.add(from + i * step);
        }
        const sorted = [...rows].toSorted((a, b) => a - b);
        const bitmap = bitmapOf(Uint32Array.from(sorted));
        if (withRuns) bitmap.runOptimize();
        const set = readBack(bitmap);
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
    const set = readBack(bitmapOf(new Uint32Array(0)));
    expect(set.cardinality).toBe(0);
    expect(set.has(0)).toBe(false);
    expect(rowsIn(set)).toEqual([]);
  });

  it("refuses bytes that are cut short or of another format", () => {
    const bitmap = bitmapOf(Uint32Array.of(1, 70_000));
    const bytes = packBitmap(bitmap);
    bitmap.dispose();
    expect(() => new RowSet(bytes.subarray(0, bytes.length - 1))).toThrow("cut short");
    expect(() => new RowSet(bytes.subarray(0, 12))).toThrow("header is cut short");
    expect(() => new RowSet(Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8))).toThrow("no roaring bitmap");
    expect(() => new RowSet(new Uint8Array(0))).toThrow("no roaring bitmap");
  });
});
