import { expect, test } from "vitest";
import { BitsMemory } from "./bits-memory.ts";

test("memory that was given back is used again, as zeros", () => {
  const memory = new BitsMemory("uint8");
  const first = memory.take(1_000).fill(7);
  const { buffer } = first;
  memory.giveBack(first);
  const second = memory.take(1_020);
  expect(second.buffer).toBe(buffer);
  expect([...second]).toEqual(Array<number>(1_020).fill(0));
});

test("what is in use is nobody else's, and what is too small is replaced", () => {
  const memory = new BitsMemory("int32");
  const [one, other] = [memory.take(10), memory.take(10)];
  expect(one).toBeInstanceOf(Int32Array);
  expect(one.buffer).not.toBe(other.buffer);
  memory.giveBack(one);
  const larger = memory.take(100);
  expect(larger).toHaveLength(100);
  memory.giveBack(larger);
  expect(memory.take(10).buffer).toBe(larger.buffer);
});
