import { expect, it } from "vitest";
import { packRows } from "../filter/pack-rows.ts";
import { RowSet } from "../row-set.ts";
import type { BitsArray, BitsType } from "../container-bits.ts";
import { passingBits } from "./passing-bits.ts";

it.for(["uint8", "int32"] as const)(
  "has a bit a row, lowest first, and the bits of one filter once: %s",
  (type) => {
    const few = new RowSet(packRows(Uint32Array.of(0, 3, 9)));
    const { bytes, filters, filterOf } = passingBits([few, null, few, null], { items: 11, type });
    expect(filters).toBe(2);
    expect([...filterOf]).toEqual([0, 1, 0, 1]);
    expect(bytes).toHaveLength(2 * 128);
    expect(setBytes(bytes.subarray(0, 128))).toEqual([0b1001, 0b10]);
    expect(setBytes(bytes.subarray(128))).toEqual([255, 0b111]);
  },
);

it("leaves no row beyond the last where nothing is filtered", () => {
  const bytes = (items: number, type: BitsType): number[] => [
    ...passingBits([null], { items, type }).bytes,
  ];
  expect(bytes(16, "uint8")).toEqual([255, 255, ...Array<number>(126).fill(0)]);
  expect(bytes(17, "int32")).toEqual([255, 255, 1, ...Array<number>(125).fill(0)]);
  expect(bytes(1024, "uint8")).toEqual(Array<number>(128).fill(255));
  expect(bytes(1025, "uint8")).toHaveLength(256);
});

/** Up to the last that is not 0. */
const setBytes = (bytes: BitsArray): number[] =>
  [...bytes].slice(0, bytes.findLastIndex((byte) => byte !== 0) + 1);
