import { expect, test } from "vitest";
import { outliers } from "./outliers.ts";

test("what lies far from the others is pointed at", () => {
  expect(outliers([1, 1.1, 0.9, 1.05, 5, 0.95])).toEqual([4]);
});

test("ordinary noise has none", () => {
  expect(outliers([0.3, -0.2, 0.1, -0.4, 0.25, -0.1, 0.05])).toEqual([]);
});

test("one of a few may be the one that is right", () => {
  expect(outliers([1, 1, 1, 100])).toEqual([]);
});

test("where most are the same nothing can be said of the rest", () => {
  expect(outliers([1, 1, 1, 1, 1, 2])).toEqual([]);
});
