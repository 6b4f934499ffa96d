import { expect, test } from "vitest";
import { noiseCheck, noiseOf } from "./noise-check.ts";

test("equal work that takes equal time is calm", () => {
  const check = noiseOf([10, 10.1, 9.9, 10, 10.05], 0.001);
  expect(check).toMatchObject({ name: "noise", status: "ok" });
  expect(check.found).toBe(
    "0.7% (of 5 equal pieces of work the slowest took 1.02 times the fastest; others had the core for 0.1%)",
  );
});

test.for([
  ["one that takes twice as long", [10, 10, 20, 10, 10], 0],
  ["a core that others have one second in ten", [10, 10, 10, 10, 10], 0.1],
] as const)("%s is noise, with what to do about it", ([, times, waitShare]) => {
  expect(noiseOf(times, waitShare)).toMatchObject({ status: "warn", advice: expect.any(String) });
});

test("where nobody tells who had the core, nothing is said of it", () => {
  expect(noiseOf([10, 10], null).found).not.toContain("others");
});

test("this machine has a score", async () => {
  expect((await noiseCheck()).found).toMatch(/^\d+\.\d% \(of \d+ equal pieces/);
});
