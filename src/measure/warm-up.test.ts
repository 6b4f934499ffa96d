import { expect, test } from "vitest";
import { warmUp } from "./warm-up.ts";

/** Windows with these throughputs, the last one for ever. */
const windows = (throughputs: readonly number[]): (() => Promise<number>) => {
  let next = 0;
  return async () => throughputs[Math.min(next++, throughputs.length - 1)]!;
};

test("it ends once the last three windows lie within a tenth of each other", async () => {
  expect(await warmUp(windows([10, 50, 90, 95, 99, 100]))).toEqual({
    steady: true,
    throughputs: [10, 50, 90, 95, 99],
  });
});

test("three windows are the least", async () => {
  expect((await warmUp(windows([100]))).throughputs).toHaveLength(3);
});

test("what still changes after ten windows is not steady", async () => {
  const result = await warmUp(windows([1, 2, 4, 8, 16, 32, 64, 128, 256, 512]));
  expect(result).toMatchObject({ steady: false });
  expect(result.throughputs).toHaveLength(10);
});

test("a system that answers nothing is never steady", async () => {
  expect(await warmUp(windows([0]))).toMatchObject({ steady: false });
});
