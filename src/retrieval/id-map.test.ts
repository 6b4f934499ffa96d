import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { HarnessError } from "../errors.ts";
import { IdMap } from "./id-map.ts";

const anyId = fc.oneof(
  fc.nat({ max: 50 }),
  fc.nat({ max: Number.MAX_SAFE_INTEGER }),
  // Ids that differ in their high half only.
  fc.nat({ max: 2_000_000 }).map((high) => high * 2 ** 32 + 7),
);

describe("IdMap", () => {
  it("finds the row of every id, and none of any other", () => {
    fc.assert(
      fc.property(fc.uniqueArray(anyId, { maxLength: 200 }), fc.array(anyId), (ids, others) => {
        const map = new IdMap(Float64Array.from(ids));
        for (const id of [...ids, ...others]) expect(map.rowOf(id)).toBe(ids.indexOf(id));
      }),
    );
  });

  it("finds consecutive ids by subtraction, wherever they start", () => {
    for (const first of [0, 1, 1000, 2 ** 40]) {
      const map = new IdMap(Float64Array.from({ length: 10 }, (_, row) => first + row));
      expect(map.rowOf(first + 9)).toBe(9);
      expect(map.rowOf(first + 10)).toBe(-1);
      expect(map.rowOf(first - 1)).toBe(-1);
      expect(map.rowOf(first + 0.5)).toBe(-1);
    }
  });

  it("knows nothing of numbers that are no ids", () => {
    for (const ids of [[], [5, 3, 9], [0, 1, 2]]) {
      const map = new IdMap(Float64Array.from(ids));
      for (const id of [NaN, -1, 0.5, Infinity, -Infinity, 2 ** 60]) expect(map.rowOf(id)).toBe(-1);
    }
  });

  it("turns rows into ids", () => {
    const map = new IdMap(Float64Array.of(70, 50, 2 ** 52));
    expect(map.idsOf(Uint32Array.of(2, 0, 0))).toEqual(Float64Array.of(2 ** 52, 70, 70));
    expect(map.count).toBe(3);
  });

  it.each([
    [[4, 7, 4], "rows 0 and 2 have the same id 4"],
    [[4, -7], "row 1 has the id -7"],
    [[1.5, 2.5], "row 0 has the id 1.5"],
    [[-2, -1, 0], "row 0 has the id -2"],
    [[NaN], "row 0 has the id NaN"],
    [[2 ** 53, 1], "row 0 has the id 9007199254740992"],
  ])("refuses ids %j", (ids, message) => {
    const make = (): IdMap => new IdMap(Float64Array.from(ids));
    expect(make).toThrow(message);
    expect(make).toThrow(HarnessError);
  });
});
