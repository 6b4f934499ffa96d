import { expect, test } from "vitest";
import { isSteady, warmUp } from "./warm-up.ts";

/** Windows with these throughputs, the last one for ever. */
const windows = (throughputs: readonly number[]): (() => Promise<number>) => {
  let next = 0;
  return async () => throughputs[Math.min(next++, throughputs.length - 1)]!;
};

test("twelve windows are the least", async () => {
  expect((await warmUp(windows([100]), 40)).throughputs).toHaveLength(12);
});

test("it goes on while the throughput rises, and ends when it no longer does", async () => {
  const rising = Array.from({ length: 15 }, (_, i) => 100 + 20 * i);
  const { steady, throughputs } = await warmUp(windows(rising), 40);
  expect(steady).toBe(true);
  expect(throughputs.length).toBeGreaterThan(18);
  expect(throughputs.length).toBeLessThan(27);
});

test("it is not held up by one slow beginning", async () => {
  expect((await warmUp(windows([10, 50, 99, 100]), 40)).throughputs.length).toBeLessThan(16);
});

test("noise without a direction is no trend, however large", () => {
  expect(isSteady([50, 100, 40, 110, 60, 95, 45, 105, 55, 100, 50, 90])).toBe(true);
});

test("a rise is seen through noise, and a fall is a trend as well", () => {
  const noisy = [236, 422, 300, 559, 445, 592, 386, 601, 391, 666, 425, 696];
  expect(isSteady(noisy)).toBe(false);
  expect(isSteady(noisy.toReversed())).toBe(false);
});

test("a direction within a tenth is none", () => {
  expect(isSteady(Array.from({ length: 12 }, (_, i) => 100 + 0.8 * i))).toBe(true);
});

test("what still changes after as many windows as there may be is not steady", async () => {
  const doubling = Array.from({ length: 40 }, (_, i) => 2 ** i);
  const result = await warmUp(windows(doubling), 40);
  expect(result).toMatchObject({ steady: false });
  expect(result.throughputs).toHaveLength(40);
});

test("a system that answers nothing is never steady", async () => {
  expect(await warmUp(windows([0]), 40)).toMatchObject({ steady: false });
});
