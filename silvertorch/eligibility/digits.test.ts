import * as fc from "fast-check";
import { expect, test } from "vitest";
import { bitmapsOf, chooseDigits, digitOf, MAX_COLUMN_ROWS } from "./digits.ts";

test("few values get a bitmap each", () => {
  expect(chooseDigits(24, 3)).toEqual({ base: 24, count: 1 });
  expect(chooseDigits(MAX_COLUMN_ROWS, 1)).toEqual({ base: MAX_COLUMN_ROWS, count: 1 });
});

test("many values are written in as few digits as the limit allows", () => {
  expect(chooseDigits(1000, 1)).toEqual({ base: 32, count: 2 });
  expect(chooseDigits(50_000, 1)).toEqual({ base: 224, count: 2 });
  expect(chooseDigits(1_000_000, 1)).toEqual({ base: 100, count: 3 });
  // Three slots have digits of their own.
  expect(chooseDigits(3000, 3)).toEqual({ base: 55, count: 2 });
});

test("where even two-valued digits are too many, the fewest bitmaps win", () => {
  const digits = chooseDigits(4_000_000_000, 100);
  expect(bitmapsOf(digits, 100)).toBeLessThanOrEqual(bitmapsOf({ base: 2, count: 32 }, 100));
});

test("digits tell every code from every other", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 100_000 }), fc.nat(), fc.nat(), (values, a, b) => {
      const digits = chooseDigits(values, 1);
      const written = (code: number): number[] =>
        Array.from({ length: digits.count }, (_, position) => digitOf(digits, code, position));
      const [left, right] = [a % values, b % values];
      expect(written(left).every((digit) => digit < digits.base)).toBe(true);
      expect(written(left).join() === written(right).join()).toBe(left === right);
    }),
  );
});
