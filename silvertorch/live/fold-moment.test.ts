import { expect, test } from "vitest";
import { changesWorthFolding, type FoldBalance } from "./fold-moment.ts";

const balance: FoldBalance = {
  items: 200_000,
  changesPerSecond: 300,
  foldSeconds: 5,
  changeCost: 1.5,
};
const at = (parts: Partial<FoldBalance>): number => changesWorthFolding({ ...balance, ...parts });

test("a fold comes where it and the changes until then cost the same", () => {
  expect(at({})).toBe(20_000);
  expect(at({ foldSeconds: 1.25 })).toBe(10_000);
  expect(at({ changesPerSecond: 75 })).toBe(10_000);
  expect(at({ items: 800_000 })).toBe(40_000);
  expect(at({ changeCost: 0.375 })).toBe(40_000);
  // A tenth of the time for 20,000 changes in 66.7 s; so much dearer are requests among them, too.
  expect(5 / (20_000 / 300)).toBeCloseTo((1.5 * 20_000) / 2 / 200_000, 6);
});

test("changes never become more than a quarter of the items, and a few wait whatever a fold costs", () => {
  expect(at({ foldSeconds: 1e6 })).toBe(50_000);
  expect(at({ foldSeconds: 1e-6 })).toBe(4_000);
  expect(at({ changesPerSecond: 0 })).toBe(4_000);
  expect(at({ items: 50 })).toBe(2_000);
});
