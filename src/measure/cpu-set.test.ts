import { expect, test } from "vitest";
import { splitCpus } from "./cpu-set.ts";

test("auto gives the last half to the systems, the larger one where the number is odd", () => {
  expect(splitCpus("auto", [0, 1, 2, 3])).toMatchObject({ system: [2, 3], client: [0, 1] });
  expect(splitCpus("auto", [4, 6, 9])).toMatchObject({ system: [6, 9], client: [4] });
});

test("one CPU cannot be split, and the plan says so", () => {
  expect(splitCpus("auto", [0])).toEqual({
    system: null,
    client: null,
    reason: "there is only one CPU",
  });
});

test("a list goes to the systems, the rest to the load", () => {
  expect(splitCpus([3, 1, 1], [0, 1, 2, 3])).toEqual({
    system: [1, 3],
    client: [0, 2],
    reason: "",
  });
});

test("a list of every CPU leaves the load none of its own, and the plan says so", () => {
  const plan = splitCpus([0, 1], [0, 1]);
  expect(plan.client).toEqual([0, 1]);
  expect(plan.reason).toContain("shares");
});

test("a CPU that is not there is an error that names it and those that are", () => {
  expect(() => splitCpus([1, 8], [0, 1])).toThrow("CPU 8 cannot be used here; the CPUs are 0, 1");
});
