import { expect, test } from "vitest";
import { turnMs } from "./polling.ts";

test("while nothing else is under way the device is asked every 20 microseconds", () => {
  expect(turnMs(0, 0.6)).toBe(0.02);
  expect(turnMs(0, 4)).toBe(0.02);
});

test("the more is under way, the less often it is asked, but ten times a millisecond", () => {
  expect(turnMs(2, 0.12)).toBeCloseTo(0.03, 10);
  expect(turnMs(1, 0.01)).toBe(0.02);
  expect(turnMs(2, 0.6)).toBe(0.1);
  expect(turnMs(11, 3)).toBe(0.1);
});
