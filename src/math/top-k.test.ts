import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { TopK } from "./top-k.ts";

/** Values from a small set, so that ties are common. */
const stream = fc.array(fc.integer({ min: -3, max: 3 }), { maxLength: 60 });

function best(values: readonly number[], k: number): { rows: number[]; values: number[] } {
  const rows = values.map((_, row) => row);
  rows.sort((a, b) => values[b]! - values[a]! || a - b);
  const kept = rows.slice(0, k);
  return { rows: kept, values: kept.map((row) => values[row]!) };
}

describe("TopK", () => {
  it("keeps the k best, value descending, row ascending among equals", () => {
    const top = new TopK(3);
    for (const [row, value] of [5, 9, 5, 1, 9].entries()) top.push(value, row);
    expect(top.take()).toEqual({ rows: Uint32Array.of(1, 4, 0), values: Float64Array.of(9, 9, 5) });
  });

  it("equals a full sort, whatever the order in which the pairs come", () => {
    fc.assert(
      fc.property(stream, fc.integer({ min: 0, max: 12 }), fc.boolean(), (values, k, backwards) => {
        const top = new TopK(k);
        const pairs = [...values.entries()];
        for (const [row, value] of backwards ? pairs.toReversed() : pairs) top.push(value, row);
        const taken = top.take();
        expect({ rows: [...taken.rows], values: [...taken.values] }).toEqual(best(values, k));
      }),
    );
  });

  it("loses nothing to a caller that skips values below the threshold", () => {
    fc.assert(
      fc.property(stream, fc.integer({ min: 0, max: 12 }), (values, k) => {
        const top = new TopK(k);
        for (const [row, value] of values.entries()) {
          if (value >= top.threshold) top.push(value, row);
        }
        expect([...top.take().rows]).toEqual(best(values, k).rows);
      }),
    );
  });

  it("is empty again after take and after clear", () => {
    const top = new TopK(2);
    top.push(1, 1);
    expect(top.size).toBe(1);
    top.take();
    expect(top.size).toBe(0);
    top.push(1, 1);
    top.clear();
    expect(top.take().rows).toHaveLength(0);
    expect(top.threshold).toBe(-Infinity);
  });

  it("refuses a k that is no count", () => {
    expect(() => new TopK(-1)).toThrow("k must be an integer >= 0, got -1");
    expect(() => new TopK(1.5)).toThrow(RangeError);
  });
});
