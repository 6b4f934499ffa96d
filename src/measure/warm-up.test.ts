import { expect, test } from "vitest";
import { isSteady, warmUp, type WarmUp } from "./warm-up.ts";

/** Windows with these throughputs, the last one for ever. */
const windows = (throughputs: readonly number[]): (() => Promise<number>) => {
  let next = 0;
  return async () => throughputs[Math.min(next++, throughputs.length - 1)]!;
};

const warmOne = async (throughputs: readonly number[]): Promise<WarmUp> =>
  (await warmUp([windows(throughputs)], 40))[0]!;

test("twelve windows are the least", async () => {
  expect((await warmOne([100])).throughputs).toHaveLength(12);
});

test("it goes on while the throughput rises, and ends when it no longer does", async () => {
  const rising = Array.from({ length: 15 }, (_, i) => 100 + 20 * i);
  const { steady, throughputs } = await warmOne(rising);
  expect(steady).toBe(true);
  expect(throughputs.length).toBeGreaterThan(18);
  expect(throughputs.length).toBeLessThan(27);
});

test("it is not held up by one slow beginning", async () => {
  expect((await warmOne([10, 50, 99, 100])).throughputs.length).toBeLessThan(16);
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
  const result = await warmOne(doubling);
  expect(result).toMatchObject({ steady: false });
  expect(result.throughputs).toHaveLength(40);
});

test("a system that answers nothing is never steady", async () => {
  expect(await warmOne([0])).toMatchObject({ steady: false });
});

test("sides are driven in turn, one that is steady too, until the last is", async () => {
  const order: string[] = [];
  const noting = (name: string, throughputs: readonly number[]): (() => Promise<number>) => {
    const drive = windows(throughputs);
    return () => {
      order.push(name);
      return drive();
    };
  };
  const rising = Array.from({ length: 15 }, (_, i) => 100 + 20 * i);
  const sides = await warmUp([noting("a", [100]), noting("b", rising)], 40);
  expect(sides.map(({ steady }) => steady)).toEqual([true, true]);
  expect(sides[0]!.throughputs).toHaveLength(sides[1]!.throughputs.length);
  expect(order.join("")).toBe("ab".repeat(order.length / 2));
  expect(order.length).toBeGreaterThan(36);
});

test("what was steady stays so, whatever the machine does while the others warm up", async () => {
  const later = [...Array.from({ length: 12 }, () => 100), 90, 80, 70, 60, 50, 40, 30];
  const rising = Array.from({ length: 40 }, (_, i) => 100 + 20 * i);
  const [first, second] = await warmUp([windows(later), windows(rising)], 19);
  expect([first!.steady, second!.steady]).toEqual([true, false]);
});
