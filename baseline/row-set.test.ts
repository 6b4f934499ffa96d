import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { packRows } from "./filter/pack-rows.ts";
import { RowBitmap } from "./filter/row-bitmap.ts";
import { GROUP_ROWS, RowSet } from "./row-set.ts";

function rowsIn(set: RowSet): number[] {
  const rows = new Uint32Array(set.cardinality);
  expect(set.writeRows(rows)).toBe(set.cardinality);
  return [...rows];
}

function rowsOfBits(set: RowSet, length: number): number[] {
  const bytes = new Int32Array(length);
  set.writeBits(bytes);
  const packed = new Uint8Array(length);
  set.writeBits(packed);
  expect([...packed]).toEqual([...bytes]);
  const rows: number[] = [];
  for (const [at, byte] of bytes.entries()) {
    for (let bit = 0; bit < 8; bit++) if ((byte >>> bit) & 1) rows.push(at * 8 + bit);
  }
  return rows;
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
        expect(rowsOfBits(set, 54_000)).toEqual(sorted);
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

describe("a sample of a RowSet", () => {
  const room = new Uint32Array(GROUP_ROWS);
  const sampled = (set: RowSet, every: number): number[] => {
    const rows: number[] = [];
    set.sample(every, room, (group) => {
      for (const row of group) rows.push(row);
    });
    return rows;
  };
  // Lists, a bitmap and, written by CRoaring, runs.
  const rows = Uint32Array.from({ length: 130_000 }, (_, i) =>
    i < 1_000 ? 60 * i : i < 50_000 ? 65_536 + i : 400_000 + 3 * i,
  );
  const range = { from: 65_600, to: 500_001 };
  const sets = [
    ["lists and bitmaps", new RowSet(packRows(rows)), rows],
    ["runs", new RowSet(RowBitmap.of(rows).serialize().bytes), rows],
    [
      "a range",
      new RowSet(packRows(rows), range),
      rows.filter((row) => row >= range.from && row < range.to).map((row) => row - range.from),
    ],
  ] as const;

  it.each(sets)("of one in one has all rows: %s", (_, set, all) => {
    expect(sampled(set, 1)).toEqual([...all]);
  });

  it.each(sets)("of one in 21 has as many of each thousand: %s", (_, set, all) => {
    const isIn = new Set(all);
    const some = sampled(set, 21);
    expect(some.every((row) => isIn.has(row))).toBe(true);
    expect(some).toEqual([...new Set(some)].toSorted((a, b) => a - b));
    const share = (few: Iterable<number>): number => [...few].filter((row) => row < 300_000).length;
    expect(some.length / all.length).toBeCloseTo(1 / 21, 2);
    expect(share(some) / share(all)).toBeCloseTo(1 / 21, 2);
  });
});

describe("RowSet of a range", () => {
  const all = [0, 5, 70_000, 70_001, 131_071, 131_072, 140_000, 200_000, 262_143, 262_144];
  // A container of each kind: a list, a bitmap, and runs.
  const many = Array.from({ length: 9_000 }, (_, i) => 400_000 + 2 * i);

  it.each([
    [0, 500_000],
    [70_001, 140_000],
    [131_072, 262_144],
    [6, 7],
    [401_001, 410_001],
  ])("has the rows %i .. %i, counted from the first", (from, to) => {
    const rows = [...all, ...many];
    const set = new RowSet(packRows(Uint32Array.from(rows)), { from, to });
    const expected = rows.filter((row) => row >= from && row < to).map((row) => row - from);
    const out = new Uint32Array(expected.length);
    expect(set.cardinality).toBe(expected.length);
    expect(set.writeRows(out)).toBe(expected.length);
    expect([...out]).toEqual(expected);
    expect(rowsOfBits(set, Math.ceil((to - from) / 8))).toEqual(expected);
    const first = Array.from({ length: Math.min(to - from, 100) }, (_, row) => row);
    expect(first.filter((row) => set.has(row))).toEqual(expected.filter((row) => row < 100));
  });
});
