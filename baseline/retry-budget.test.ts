import { expect, it } from "vitest";
import { RetryBudget } from "./retry-budget.ts";

it("allows retries until half of the tokens are gone, and again after enough successes", () => {
  const budget = new RetryBudget();
  for (let n = 0; n < 4; n++) budget.failed();
  expect(budget.allows).toBe(true);
  budget.failed();
  expect(budget.allows).toBe(false);
  for (let n = 0; n < 2; n++) budget.succeeded();
  expect(budget.allows).toBe(true);
});

it("allows one retry in ten calls where a service keeps failing", () => {
  const budget = new RetryBudget();
  let retries = 0;
  for (let n = 0; n < 1_000; n++) {
    budget.failed();
    if (budget.allows) retries++;
    for (let success = 0; success < 9; success++) budget.succeeded();
  }
  expect(retries).toBeGreaterThan(0);
  const failing = new RetryBudget();
  for (let n = 0; n < 1_000; n++) failing.failed();
  expect(failing.allows).toBe(false);
});
