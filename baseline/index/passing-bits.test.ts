import { expect, it } from "vitest";
import { packRows } from "../filter/pack-rows.ts";
import { RowSet } from "../row-set.ts";
import { passingBits } from "./passing-bits.ts";

it.for(["uint8", "int32"] as const)(
  "has a bit a row, lowest first, and the bits of one filter once: %s",
  (type) => {
    const few = new RowSet(packRows(Uint32Array.of(0, 3, 9)));
    const { bytes, filters, filterOf } = passingBits([few, null, few, null], { items: 11, type });
    expect(filters).toBe(2);
    expect([...filterOf]).toEqual([0, 1, 0, 1]);
    expect([...bytes]).toEqual([0b1001, 0b10, 255, 0b111]);
  },
);

it("leaves no row beyond the last where nothing is filtered", () => {
  expect([...passingBits([null], { items: 16, type: "uint8" }).bytes]).toEqual([255, 255]);
  expect([...passingBits([null], { items: 17, type: "int32" }).bytes]).toEqual([255, 255, 1]);
});
