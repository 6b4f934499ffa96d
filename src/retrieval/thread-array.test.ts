import { MessageChannel, receiveMessageOnPort } from "node:worker_threads";
import { expect, it } from "vitest";
import { itemVectors } from "./item-vectors.ts";
import { fromThread, type ThreadArray, toThread } from "./thread-array.ts";

/** What arrives on the other side of a port. */
function sent<T>(message: T): T {
  const { port1, port2 } = new MessageChannel();
  port1.postMessage(message);
  const received = receiveMessageOnPort(port2) as { readonly message: T };
  port1.close();
  return received.message;
}

const DIM = 65_536;
const ROWS = 2 ** 32 / (4 * DIM) + 9;

/** More than 4 GiB; only pages that are written to take memory. */
function manyVectors(): Float32Array {
  const embeddings = new Float32Array(new SharedArrayBuffer(4 * DIM * ROWS));
  embeddings[(ROWS - 1) * DIM] = 3;
  return embeddings;
}

it("an array of more than 4 GiB comes to a thread whole, and is the same memory", () => {
  const array = manyVectors();
  const there = fromThread(sent<ThreadArray>(toThread(array)));
  expect(there.length).toBe(array.length);
  expect(there[(ROWS - 1) * DIM]).toBe(3);
  array[(ROWS - 2) * DIM] = 2;
  expect(there[(ROWS - 2) * DIM]).toBe(2);
});

it("a part of an array comes to a thread as that part", () => {
  const part = Float32Array.of(1, 2, 3, 4).subarray(1, 3);
  expect([...fromThread(sent<ThreadArray>(toThread(part)))]).toEqual([2, 3]);
});

it("embeddings beyond 4 GiB are read where they lie, and what is not there is an error", () => {
  const embeddings = manyVectors();
  const out = new Float64Array(DIM);
  itemVectors({ embeddings, dim: DIM }).fill(ROWS - 1, ROWS, out);
  expect(out.slice(0, 2)).toEqual(Float64Array.of(3, 0));
  const few = itemVectors({ embeddings: embeddings.subarray(0, 9 * DIM), dim: DIM });
  expect(() => few.fill(9, 10, out)).toThrow(
    "expected the embeddings of rows 9 to 10, there are those of 9",
  );
});
