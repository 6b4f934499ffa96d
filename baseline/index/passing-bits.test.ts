import { expect, it } from "vitest";
import { packRows } from "../filter/pack-rows.ts";
import { RowSet } from "../row-set.ts";
import { passingBits } from "./passing-bits.ts";

it("has a bit a row, lowest first, and the bits of one filter once", () => {
  const few = new RowSet(packRows(Uint32Array.of(0, 3, 9)));
  const { bytes, filters, filterOf } = passingBits([few, null, few, null], 11);
  expect(filters).toBe(2);
  expect([...filterOf]).toEqual([0, 1, 0, 1]);
  expect([...bytes]).toEqual([0b1001, 0b10, 255, 0b111]);
});

it("leaves no row beyond the last where nothing is filtered", () => {
  expect([...passingBits([null], 16).bytes]).toEqual([255, 255]);
  expect([...passingBits([null], 17).bytes]).toEqual([255, 255, 1]);
});
