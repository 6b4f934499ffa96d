import { expect, test } from "vitest";
import { AnswerStore, type SealedAnswers } from "./answer-store.ts";

const answer = (n: number, length = 4): Uint8Array => new Uint8Array(length).fill(n);

/** [request, first byte, length] of each answer that was kept. */
const contents = ({ requestOf, bytes, offsets }: SealedAnswers): number[][] =>
  Array.from(requestOf, (request, i) => [
    request,
    bytes[offsets[i]!] ?? -1,
    offsets[i + 1]! - offsets[i]!,
  ]);

test("while there is room every answer is kept, in order", () => {
  const store = new AnswerStore();
  store.add(5, answer(1), 0, 0);
  store.add(9, answer(2, 7), 0, 0);
  store.add(5, answer(3, 0), 0, 0);
  const sealed = store.seal();
  expect(contents(sealed)).toEqual([
    [5, 1, 4],
    [9, 2, 7],
    [5, -1, 0],
  ]);
  expect(sealed.every).toBe(1);
});

test("what is kept is a copy: the socket's buffer may be used again", () => {
  const store = new AnswerStore();
  const buffer = answer(1);
  store.add(0, buffer, 0, 0);
  buffer.fill(9);
  expect(contents(store.seal())).toEqual([[0, 1, 4]]);
});

test("once full it keeps each n-th of all that came, n a power of two", () => {
  const store = new AnswerStore({ maxAnswers: 8, maxBytes: 2 ** 22 });
  for (let i = 0; i < 100; i++) store.add(i, answer(i), i / 2, 0);
  const sealed = store.seal();
  expect(sealed.every).toBe(16);
  expect(contents(sealed)).toEqual([0, 16, 32, 48, 64, 80, 96].map((i) => [i, i, 4]));
  expect([...sealed.latencyMs]).toEqual([0, 8, 16, 24, 32, 40, 48]);
});

test("memory is bounded as well, whatever the answers' lengths", () => {
  const store = new AnswerStore({ maxAnswers: 1000, maxBytes: 2 ** 20 });
  for (let i = 0; i < 64; i++) store.add(i, answer(i, 2 ** 18 - (i % 3)), i, 0);
  const sealed = store.seal();
  expect(sealed.bytes.byteLength).toBeLessThanOrEqual(2 ** 20);
  expect(sealed.requestOf.length).toBeGreaterThan(1);
  for (const request of sealed.requestOf) expect(request % sealed.every).toBe(0);
  for (const [request, first] of contents(sealed)) expect(first).toBe(request);
});
