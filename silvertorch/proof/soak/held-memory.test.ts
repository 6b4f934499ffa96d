import { expect, test } from "vitest";
import { grown, heldMemory } from "./held-memory.ts";

const MEBIBYTE = 2 ** 20;
const own = {
  heapBytes: 20 * MEBIBYTE,
  externalBytes: 3 * MEBIBYTE,
  arrayBufferBytes: 5 * MEBIBYTE,
};
const thread = { ...own, deviceBytes: 100 * MEBIBYTE, buffers: 70 };
const before = heldMemory(300 * MEBIBYTE, own, thread);

test("a heap that breathes has not grown, nor has anything that shrank", () => {
  const after = heldMemory(
    363 * MEBIBYTE,
    { ...own, heapBytes: 21 * MEBIBYTE },
    { ...thread, externalBytes: 0, buffers: 69 },
  );
  expect(grown(before, after)).toEqual([]);
});

test("one buffer more on the device is growth, and so are 3 MiB of either heap", () => {
  const after = heldMemory(
    300 * MEBIBYTE,
    { ...own, heapBytes: 23 * MEBIBYTE },
    { ...thread, heapBytes: 24 * MEBIBYTE, buffers: 71 },
  );
  expect(grown(before, after)).toEqual([
    "heap of the server's thread: from 20.00 MiB to 23.00 MiB",
    "heap of the device's thread: from 20.00 MiB to 24.00 MiB",
    "buffers on the device: from 70 to 71",
  ]);
});
