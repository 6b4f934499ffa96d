import { assert, property, subarray } from "fast-check";
import { expect, test } from "vitest";
import type { ErrorCode } from "../errors.ts";
import type { ExitCode } from "./exit-code.ts";
import { exitCodeOfError, exitCodeOfVerdict, worstExitCode } from "./exit-code.ts";

test.for<[ErrorCode, ExitCode]>([
  ["INTERNAL", 1],
  ["BAD_INPUT", 2],
  ["DATA", 6],
  ["INVALID", 5],
  ["UNAVAILABLE", 5],
  ["OVERLOADED", 5],
  ["DEADLINE", 5],
  ["INTERRUPTED", 130],
])("an error %s exits with %i", ([code, exit]) => {
  expect(exitCodeOfError(code)).toBe(exit);
});

test("verdicts: pass 0, regression 3, inconclusive 4, invalid 5", () => {
  const verdicts = ["pass", "regression", "inconclusive", "invalid"] as const;
  expect(verdicts.map(exitCodeOfVerdict)).toEqual([0, 3, 4, 5]);
});

test("where several apply: 130, 1, 2, 6, 5, 3, 4; nothing is 0", () => {
  const order: ExitCode[] = [130, 1, 2, 6, 5, 3, 4, 0];
  expect(worstExitCode([])).toBe(0);
  assert(
    property(subarray(order, { minLength: 1 }), (codes) => {
      expect(worstExitCode(codes.toReversed())).toBe(codes[0]);
    }),
  );
});
