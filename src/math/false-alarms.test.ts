import { expect, test } from "vitest";
import { isTooManyAlarms } from "./false-alarms.ts";

test("of twenty comparisons three alarms are chance, four are not", () => {
  expect([0, 1, 2, 3, 4, 5].map((alarms) => isTooManyAlarms(alarms, 20))).toEqual([
    false,
    false,
    false,
    false,
    true,
    true,
  ]);
});

test("one alarm in one comparison says nothing; two in two say enough", () => {
  expect(isTooManyAlarms(1, 1)).toBe(false);
  expect(isTooManyAlarms(2, 2)).toBe(true);
});
