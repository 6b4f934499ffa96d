import { expect, test } from "vitest";
import type { RetrievalRequest } from "../retrieval/request.ts";
import { Walk } from "./walk.ts";
import { requestBytes } from "./request-bytes.ts";

const requests = [1, 2, 3].map((id): RetrievalRequest => ({
  user: { kind: "id", id },
  k: id,
  filter: "",
  exclude: new Float64Array(),
}));
const encode = ({ k }: RetrievalRequest): Buffer => Buffer.from("x".repeat(k));

test("a walk goes round, from where it is told to start", async () => {
  const walk = new Walk(await requestBytes(requests, encode), 5);
  expect([0, 1, 2, 3].map(() => walk.next())).toEqual([2, 0, 1, 2]);
  expect(walk.at).toBe(0);
});

test("each request has its own bytes", async () => {
  const walk = new Walk(await requestBytes(requests, encode), 0);
  expect([0, 1, 2].map((i) => walk.bytesOf(i).toString())).toEqual(["x", "xx", "xxx"]);
});

test("a list is encoded once for each format", async () => {
  let calls = 0;
  const counting = (request: RetrievalRequest): Buffer => {
    calls++;
    return encode(request);
  };
  const list = [...requests];
  const [first, second] = await Promise.all([
    requestBytes(list, counting),
    requestBytes(list, counting),
  ]);
  expect(second).toBe(first);
  expect(calls).toBe(3);
});
