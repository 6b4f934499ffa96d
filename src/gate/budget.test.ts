import { expect, test } from "vitest";
import { budgetText, parseBudget } from "./budget.ts";

test.each([
  ["90s", "90 s"],
  ["5m", "300 s"],
  ["0.5h", "1800 s"],
  [" 20 rounds ", "20 rounds"],
  ["1round", "one round"],
])("%j is a budget of %s", (text, words) => {
  expect(budgetText(parseBudget(text))).toBe(words);
});

test.each(["", "5", "0m", "-1m", "1.5 rounds", "5 minutes", "rounds", "constructor"])(
  "%j is none, and the message shows how one is written",
  (text) => {
    expect(() => parseBudget(text)).toThrow('expected a budget like 5m or "20 rounds"');
  },
);
