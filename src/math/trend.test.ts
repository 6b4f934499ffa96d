import { expect, test } from "vitest";
import { Random } from "./random.ts";
import { kendall, riseOf, trendOf } from "./trend.ts";

test("S counts the pairs that rise less those that fall", () => {
  expect(kendall([1, 2, 3])).toBe(3);
  expect(kendall([3, 1, 2, 2])).toBe(-1);
});

test("a rise is that of the line through the values", () => {
  expect(riseOf([5, 7, 9, 11])).toBeCloseTo(6, 12);
  expect([riseOf([4]), trendOf([4])]).toEqual([0, 0]);
});

test("without a trend one series in a hundred is 2.58 standard deviations off", () => {
  const random = new Random(9);
  const series = (): number[] => Array.from({ length: 20 }, () => random.gaussian());
  const far = Array.from({ length: 2000 }, series).filter((one) => Math.abs(trendOf(one)) > 2.58);
  expect(far.length).toBeGreaterThan(4);
  expect(far.length).toBeLessThan(50);
});
