import { expect, test } from "vitest";
import { columnsInOrder, pairOrder, rowsInOrder } from "./pair-order.ts";

test("pairs go from user component by user component to item component by item component", () => {
  const order = pairOrder(2, 3);
  const names = ["u0x0", "u0x1", "u0x2", "u1x0", "u1x1", "u1x2"];
  expect([...order].map((pair) => names[pair])).toEqual([
    "u0x0",
    "u1x0",
    "u0x1",
    "u1x1",
    "u0x2",
    "u1x2",
  ]);
});

test("columns are ordered within each task's stretch, rows whole", () => {
  const order = Uint32Array.of(1, 0);
  expect([...columnsInOrder(Float32Array.of(1, 2, 3, 4), order)]).toEqual([2, 1, 4, 3]);
  expect([...rowsInOrder(Float32Array.of(1, 2, 3, 4), order)]).toEqual([3, 4, 1, 2]);
});
