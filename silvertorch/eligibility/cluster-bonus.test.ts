import { expect, test } from "vitest";
import { expectedBest, NONE_ELIGIBLE } from "../../src/retrieval/cluster-order.ts";
import { bonusCode, BONUS_STEPS, bonusOf, NO_BONUS } from "./cluster-bonus.ts";

test("a code stands for what so many eligible items are worth, to half a step", () => {
  for (const eligible of [1e-6, 0.5, 1, 3, 64, 1000, 1e6, 4e8]) {
    const off = bonusOf(bonusCode(eligible)) - expectedBest(eligible);
    expect(Math.abs(off)).toBeLessThanOrEqual(0.5 / BONUS_STEPS + 1e-9);
  }
});

test("certainly none comes last, and next to none adds nothing", () => {
  expect(bonusOf(bonusCode(0))).toBe(NONE_ELIGIBLE);
  expect(bonusCode(1e-9)).toBe(NO_BONUS);
  expect(bonusOf(NO_BONUS)).toBe(0);
});

test("no number of items has a code beyond a byte", () => {
  expect(bonusCode(2 ** 40)).toBe(255);
});
