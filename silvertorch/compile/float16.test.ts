import * as fc from "fast-check";
import { expect, test } from "vitest";
import { float16Bits } from "./float16.ts";

const bitsOf = (...values: number[]): number[] => [...float16Bits(Float32Array.from(values))];

/** The number that 16 bits stand for, as the format defines it. */
function valueOf(bits: number): number {
  const sign = bits >> 15 === 0 ? 1 : -1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : Number.NaN;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

test("known numbers have their known bits", () => {
  expect(bitsOf(0, 1, -2, 65504, 65519, 65520, Infinity, 2 ** -24, 2 ** -26)).toEqual([
    0, 0x3c00, 0xc000, 0x7bff, 0x7bff, 0x7c00, 0x7c00, 1, 0,
  ]);
});

test("halves between two go to the even one", () => {
  expect(bitsOf(1 + 2 ** -11, 1 + 3 * 2 ** -11)).toEqual([0x3c00, 0x3c02]);
  expect(bitsOf(1.5 * 2 ** -24, 2.5 * 2 ** -24)).toEqual([2, 2]);
});

test("every float16 stands for itself, and what lies between goes to the nearest", () => {
  for (let bits = 0; bits < 0x7c00; bits++) expect(bitsOf(valueOf(bits))).toEqual([bits]);
  fc.assert(
    fc.property(fc.float({ min: -60000, max: 60000, noNaN: true }), (value) => {
      const [bits] = bitsOf(value);
      const error = Math.abs(valueOf(bits!) - value);
      for (const other of [bits! - 1, bits! + 1]) {
        if ((other & 0x7fff) >= 0x7c00 || other < 0) continue;
        expect(error).toBeLessThanOrEqual(Math.abs(valueOf(other) - value));
      }
    }),
  );
});
