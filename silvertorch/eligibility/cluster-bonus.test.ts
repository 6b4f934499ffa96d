import { expect, test } from "vitest";
import { expectedBest, NONE_ELIGIBLE } from "../../src/retrieval/cluster-order.ts";
import { bonusCodes, BONUS_STEPS, bonusOf } from "./cluster-bonus.ts";

test("codes lie as far apart as what they stand for, to a step", () => {
  const eligible = Float64Array.of(0.01, 0.5, 1, 3, 64, 1000, 1e6);
  const bonuses = [...bonusCodes(eligible)].map(bonusOf);
  for (const [at, bonus] of bonuses.entries()) {
    const apart = bonuses.at(-1)! - bonus;
    const expected = expectedBest(eligible.at(-1)!) - expectedBest(eligible[at]!);
    expect(Math.abs(apart - expected)).toBeLessThanOrEqual(0.5 / BONUS_STEPS + 1e-9);
  }
});

test("certainly none comes last, behind next to none", () => {
  expect([...bonusCodes(Float64Array.of(0, 1e-30, 100))]).toEqual([0, 1, 255]);
  expect(bonusOf(0)).toBe(NONE_ELIGIBLE);
  expect(bonusOf(1)).toBe(0);
});

test("of clusters that hold nothing, and of no clusters, there is nothing to tell", () => {
  expect([...bonusCodes(new Float64Array(3))]).toEqual([0, 0, 0]);
  expect([...bonusCodes(new Float64Array(0))]).toEqual([]);
});

test("clusters that hold as much have the same", () => {
  expect([...bonusCodes(Float64Array.of(7, 7))]).toEqual([255, 255]);
});
