import { expect, test } from "vitest";
import type { HostTensor } from "./element-type.ts";
import { GrowingInputs } from "./growing-inputs.ts";

const shared = (elements: number): Float32Array =>
  new Float32Array(new SharedArrayBuffer(4 * elements));
const beginning = (memory: Float32Array, count: number, appendedTo: number): HostTensor => ({
  type: "float32",
  dims: [count],
  data: memory.subarray(0, count),
  appendedTo,
});

test("of a table that grows each element is copied once, into memory of one's own", () => {
  const inputs = new GrowingInputs();
  const table = shared(4);
  table.set([1, 2]);
  const first = inputs.held("x", beginning(table, 2, 7));
  expect([...first.data]).toEqual([1, 2]);
  expect(first.data.buffer).toBeInstanceOf(ArrayBuffer);
  // What was seen never changes, so that nobody looks at it again.
  table.set([9, 9, 3]);
  expect([...inputs.held("x", beginning(table, 3, 7)).data]).toEqual([1, 2, 3]);
  // A table moves to other memory when it is full, and stays the same.
  const moved = shared(16);
  moved.set([1, 2, 3, 4, 5, 6, 7, 8]);
  expect([...inputs.held("x", beginning(moved, 8, 7)).data]).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  expect([...inputs.held("x", beginning(moved, 2, 7)).data]).toEqual([1, 2]);
});

test("another table under the same name is another table", () => {
  const inputs = new GrowingInputs();
  const table = shared(2);
  table.set([1, 2]);
  inputs.held("x", beginning(table, 2, 7));
  table.set([3, 4]);
  expect([...inputs.held("x", beginning(table, 2, 8)).data]).toEqual([3, 4]);
  const alone: HostTensor = { type: "float32", dims: [1], data: Float32Array.of(5) };
  expect(inputs.held("x", alone)).toBe(alone);
});

test("a shape with more room than elements has zeros behind them, until there are more", () => {
  const inputs = new GrowingInputs();
  const table = shared(4);
  table.set([1, 2]);
  const first = inputs.held("x", { ...beginning(table, 1, 7), dims: [3] });
  expect([...first.data]).toEqual([1, 0, 0]);
  table.set([1, 2, 3]);
  expect([...inputs.held("x", { ...beginning(table, 3, 7), dims: [8] }).data]).toEqual([
    1, 2, 3, 0, 0, 0, 0, 0,
  ]);
});
