import { afterAll, beforeAll, expect, test } from "vitest";
import { clausesOf, clauseTensors, encodeClauses } from "../eligibility/clauses.ts";
import { combine, literal } from "../eligibility/expression.ts";
import { clauseInputs, clausesHold } from "./clause-check.ts";
import { LayerBench, longs, tensor } from "../../src/onnx/layer-bench.fixture.ts";

let bench: LayerBench;
beforeAll(async () => {
  bench = await LayerBench.open();
});
afterAll(() => bench[Symbol.asyncDispose]());

test("each request's rows are held against its own clauses, padding against those of the last row", async () => {
  // Four items of two cells, the second of them missing in two.
  const cells = await bench.stored([4, 2], Int32Array.of(1, 7, 2, -1, 3, 9, 4, -1), "int32");
  const ranges = [
    [0, 2, 4],
    [1, 7, 9],
    [1, 9, 9],
  ] as const;
  const encoded = [
    // Either the first cell lies in 2 .. 4, or the second in 7 .. 9; and that is not 9.
    combine("and", [combine("or", [literal(0), literal(1)]), literal(2, true)]),
    literal(1),
  ].map((expression) => encodeClauses(clausesOf(expression)!, (row) => ranges[row]!)!);
  const check = clauseTensors([encoded[0]!, null, encoded[1]!]);
  const { literals, clauses } = check;
  const held = await bench.run(
    (graph) =>
      clausesHold(graph, clauseInputs(graph, "it"), {
        cells,
        rows: graph.input("rows", "int64", ["batch", "listed"]),
        planOf: graph.input("plan_of", "int32", ["batch"]),
      }),
    {
      it_ranges: tensor("int32", [3, 3, literals], check.ranges),
      it_signs: tensor("float32", [3, clauses, literals], check.signs),
      it_least: tensor("float32", [3, clauses, 1], check.least),
      rows: longs([4, 5], 0, 1, 2, 3, 4, 0, 1, 2, 3, 4, 3, 2, 1, 0, 5, 2, 2, 0, 1, 1),
      plan_of: tensor("int32", [4], Int32Array.of(0, 1, 2, 0)),
    },
  );
  expect(held).toEqual([
    [1, 1, 0, 1, 1],
    [1, 1, 1, 1, 1],
    [0, 1, 0, 1, 0],
    [0, 0, 1, 1, 1],
  ]);
});
