import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { CategoricalColumn, Column } from "../../src/retrieval/catalogue.ts";
import { codeBits, type CodeRoom, foldCodes } from "./fold-codes.ts";

/** A column whose items have so many values each, no two of them the same while there are enough. */
function column(values: number, held: readonly number[]): CategoricalColumn {
  const offsets = Uint32Array.from([0, ...held.map((_, item) => sum(held.slice(0, item + 1)))]);
  const codes = Array.from({ length: sum(held) }, (_, at) => at % values);
  return {
    kind: "categorical",
    name: "c",
    vocabulary: Array.from({ length: values }, (_, at) => `v${at}`),
    offsets,
    values: Uint32Array.from(codes),
  };
}

const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0);
/** All of the dimensions that there are. */
const exactly = (dims: number): CodeRoom => ({ widths: [dims], strays: 1, leastShare: 0 });
const numeric: Column = { kind: "numeric", name: "n", values: Float32Array.of(1) };

describe("the dimensions of a value", () => {
  const shape = fc
    .record({ dims: fc.integer({ min: 1, max: 12 }), first: fc.nat(9) })
    .chain(({ dims, first }) =>
      fc.integer({ min: 1, max: dims }).map((picks) => ({ column: 0, first, dims, picks })),
    );

  test("are as many as are picked, of the column's own, and another choice for each value there is room for", () => {
    fc.assert(
      fc.property(shape, (code) => {
        const { first, dims, picks } = code;
        let choices = 1;
        for (let i = 1; i <= picks; i++) choices = (choices * (dims - picks + i)) / i;
        const all = Array.from({ length: choices }, (_, value) => codeBits(code, value));
        for (const bits of all) {
          expect(new Set(bits).size).toBe(picks);
          for (const bit of bits) expect(bit >= first && bit < first + dims).toBe(true);
        }
        expect(new Set(all.map((bits) => bits.toSorted((a, b) => a - b).join())).size).toBe(
          Math.round(choices),
        );
        expect(codeBits(code, choices)).toEqual(codeBits(code, 0));
      }),
      { numRuns: 100 },
    );
  });
});

describe("dimensions dealt out", () => {
  const one = Array.from({ length: 20 }, () => 1);
  const several = Array.from({ length: 20 }, (_, item) => 1 + (item % 4));

  test("are all used, side by side, by position of the column", () => {
    const codes = foldCodes([numeric, column(50, several), column(2000, one)], exactly(24));
    expect(codes.map(({ column: at }) => at)).toEqual([1, 2]);
    expect(codes[0]!.first).toBe(0);
    expect(codes[1]!.first).toBe(codes[0]!.dims);
    expect(sum(codes.map(({ dims }) => dims))).toBe(24);
    // What has several values at once is harder to tell apart.
    expect(codes[0]!.dims).toBeGreaterThan(codes[1]!.dims);
  });

  test("tell the values of a single-valued column apart without a doubt, where they can", () => {
    const [code] = foldCodes([column(20, one), column(100, several)], exactly(24));
    let choices = 1;
    for (let i = 1; i <= code!.picks; i++) choices = (choices * (code!.dims - code!.picks + i)) / i;
    expect(choices).toBeGreaterThanOrEqual(20);
  });

  test("are as few as let through no more than is said, or all there are", () => {
    const columns = [column(20, one), column(50, several)];
    const widths = [8, 16, 24, 32, 40];
    const taken = (strays: number): number =>
      sum(foldCodes(columns, { widths, strays, leastShare: 0 }).map(({ dims }) => dims));
    const counts = [1000, 20, 4, 1.5, 1].map(taken);
    expect(counts).toEqual(counts.toSorted((a, b) => a - b));
    expect(counts[0]).toBe(8);
    expect(counts.at(-1)).toBe(40);
    expect(new Set(counts).size).toBeGreaterThan(2);
  });

  test("are not for values that too few items hold", () => {
    const columns = [column(20, one), column(4, one)];
    const room = { ...exactly(8), leastShare: 1 / 8 };
    expect(foldCodes(columns, room).map(({ column: at }) => at)).toEqual([1]);
  });

  test("leave columns out where there are more than dimensions, and need no column", () => {
    const codes = foldCodes(
      Array.from({ length: 30 }, () => column(9, several)),
      exactly(8),
    );
    expect(sum(codes.map(({ dims }) => dims))).toBe(8);
    expect(foldCodes([numeric], exactly(8))).toEqual([]);
  });
});
