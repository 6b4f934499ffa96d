import { expect, test } from "vitest";
import { doorWorkerCount } from "./door-worker-count.ts";

test("auto takes a quarter of the CPUs, at least one and at most eight", () => {
  const counts = [1, 2, 7, 8, 16, 32, 192].map((cpus) => doorWorkerCount("auto", cpus));
  expect(counts).toEqual([1, 1, 1, 2, 4, 8, 8]);
});

test("a stated number is taken as it is", () => {
  expect(doorWorkerCount(3, 1)).toBe(3);
});
