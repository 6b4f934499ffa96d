import { expect, test } from "vitest";
import type { HostTensor } from "../../src/onnx/element-type.ts";
import { batchAnswers } from "./batch-answers.ts";
import type { EngineQuery } from "./query.ts";

const query: EngineQuery = {
  user: { kind: "row", row: 0 },
  k: 2,
  plan: null,
  exclude: new Uint32Array(0),
};

const vector = (type: "float32" | "int32", ...data: number[]): HostTensor => ({
  type,
  dims: [data.length],
  data: type === "float32" ? Float32Array.from(data) : Int32Array.from(data),
});

const found = {
  values: { type: "float32", dims: [3, 1], data: Float32Array.of(9, 8, 7) },
  rows: { type: "uint32", dims: [3, 1], data: Uint32Array.of(0, 1, 2) },
} as const;

test("fresh items that come out mixed go to their requests, each in the order in which they came", () => {
  const answers = batchAnswers(
    [query, query, query],
    {
      ...found,
      fresh_scores: vector("float32", 6, 5, 4, 3),
      fresh_slots: vector("int32", 60, 50, 40, 30),
      fresh_requests: vector("int32", 2, 0, 2, 0),
    },
    "cpu",
  );
  expect(answers.map(({ freshScores }) => [...freshScores])).toEqual([[5, 3], [], [6, 4]]);
  expect(answers.map(({ freshSlots }) => [...freshSlots!])).toEqual([[50, 30], [], [60, 40]]);
});

test("of no fresh item none goes to any request", () => {
  const [answer] = batchAnswers(
    [query, query, query],
    {
      ...found,
      fresh_scores: vector("float32"),
      fresh_slots: vector("int32"),
      fresh_requests: vector("int32"),
    },
    "cpu",
  );
  expect([...answer!.freshScores, ...answer!.freshSlots!]).toEqual([]);
});
