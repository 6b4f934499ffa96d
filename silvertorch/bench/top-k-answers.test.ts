import { expect, test } from "vitest";
import { difference, type Found, toldDifference } from "./top-k-answers.ts";

const scores = Float32Array.of(1, 5, 5, 3, /* the other query's */ 2, 2, 0, 9);
const found = (values: number[], rows: number[]): Found => ({
  values: Float32Array.from(values),
  rows: BigInt64Array.from(rows, BigInt),
});
const whole = found([5, 5, 9, 2], [1, 2, 3, 0]);
const told = (other: Found): string => toldDifference(difference(other, whole, scores, 2), 4);

test("rows of equal scores may stand for each other, and are counted", () => {
  expect(told(whole)).toBe("the same rows");
  expect(told(found([5, 5, 9, 2], [2, 1, 3, 1]))).toBe(
    "the same values; 3 of 4 places hold another row of an equal score",
  );
});

test("another value, a row that does not have it, and a row found twice are faults", () => {
  const faults = "NOT THE SAME: of 4 places";
  expect(told(found([5, 3, 9, 2], [1, 3, 3, 0]))).toBe(
    `${faults} 1 hold another value, 0 a row that does not have it`,
  );
  expect(told(found([5, 5, 9, 2], [1, 0, 3, 0]))).toBe(
    `${faults} 0 hold another value, 1 a row that does not have it`,
  );
  expect(told(found([5, 5, 9, 2], [1, 1, 3, 0]))).toBe(
    `${faults} 0 hold another value, 1 a row that does not have it`,
  );
});
