import { describe, expect, it } from "vitest";
import { bestByScore, uniteHeads } from "./head-union.ts";

describe("uniteHeads", () => {
  it("gives a row the largest of its heads' values, and equal values by row", () => {
    const candidates = {
      rows: Uint32Array.of(4, 2, 9, 2, 7, 1),
      values: Float32Array.of(5, 3, 1, 4, 3, 3),
      counts: Uint32Array.of(3, 3),
    };
    expect(bestByScore(uniteHeads(candidates), 4)).toEqual({
      rows: Uint32Array.of(4, 2, 1, 7),
      values: Float64Array.of(5, 4, 3, 3),
    });
  });

  it("keeps a single head's order", () => {
    const candidates = {
      rows: Uint32Array.of(4, 2, 9),
      values: Float32Array.of(5, 3, 1),
      counts: Uint32Array.of(3),
    };
    expect([...bestByScore(uniteHeads(candidates), 2).rows]).toEqual([4, 2]);
  });

  it("is as short as there are rows", () => {
    const none = {
      rows: new Uint32Array(0),
      values: new Float32Array(0),
      counts: new Uint32Array(2),
    };
    expect(bestByScore(uniteHeads(none), 5).rows).toHaveLength(0);
  });
});
