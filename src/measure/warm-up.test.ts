import { expect, test } from "vitest";
import { isSteady, warmUp } from "./warm-up.ts";

/** Windows with these throughputs, the last one for ever. */
const windows = (throughputs: readonly number[]): (() => Promise<number>) => {
  let next = 0;
  return async () => throughputs[Math.min(next++, throughputs.length - 1)]!;
};

test("five windows are the least", async () => {
  expect((await warmUp(windows([100]))).throughputs).toHaveLength(5);
});

test("it goes on while the throughput rises, and ends when it no longer does", async () => {
  const { steady, throughputs } = await warmUp(windows([10, 50, 90, 95, 99, 100]));
  expect(steady).toBe(true);
  expect(throughputs).toEqual([10, 50, 90, 95, 99, 100, 100, 100]);
});

test("noise without a direction is no trend, however large", () => {
  expect(isSteady([50, 100, 40, 110, 60])).toBe(true);
});

test("a fall is a trend as well as a rise", () => {
  expect(isSteady([100, 90, 80, 70, 60])).toBe(false);
  expect(isSteady([60, 70, 80, 90, 100])).toBe(false);
});

test("a direction within a tenth is none", () => {
  expect(isSteady([100, 101, 102, 103, 104])).toBe(true);
});

test("what still changes after twenty windows is not steady", async () => {
  const doubling = Array.from({ length: 20 }, (_, i) => 2 ** i);
  const result = await warmUp(windows(doubling));
  expect(result).toMatchObject({ steady: false });
  expect(result.throughputs).toHaveLength(20);
});

test("a system that answers nothing is never steady", async () => {
  expect(await warmUp(windows([0]))).toMatchObject({ steady: false });
});
