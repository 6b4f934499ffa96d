import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { StoredTensor } from "../../src/onnx/weights-file.ts";
import { catalogueOf, categorical } from "../../src/retrieval/catalogue-fixture.ts";
import { bindFormula, type BoundFormula } from "../../src/retrieval/formula/bind.ts";
import { evaluateFormula, rankingValue } from "../../src/retrieval/formula/evaluate.ts";
import { parseFormula } from "../../src/retrieval/formula/parse.ts";
import { matchKey, type FormulaColumns } from "./formula-nodes.ts";
import { floats, LayerBench, longs } from "../../src/onnx/layer-bench.fixture.ts";
import { valueModel } from "./value-model.ts";

let bench: LayerBench;
let columns: FormulaColumns;
beforeAll(async () => {
  bench = await LayerBench.open();
  const matches: [string, StoredTensor][] = [
    [
      matchKey({ kind: "in", column: 0, codes: [0] }),
      await bench.stored([4], Uint8Array.of(1, 0, 1, 0), "bool"),
    ],
    [
      matchKey({ kind: "in", column: 0, codes: [0, 1] }),
      await bench.stored([4], Uint8Array.of(1, 1, 1, 0), "bool"),
    ],
  ];
  columns = {
    numbers: new Map([[1, await bench.stored([4], ages)]]),
    matches: new Map(matches),
  };
});
afterAll(() => bench[Symbol.asyncDispose]());

const ages = Float32Array.of(3, NaN, -1, 0.1);
const catalogue = catalogueOf(
  [[1], [1], [1], [1]],
  [
    categorical("lang", ["en", "de"], [[0], [1], [0, 1], []]),
    { kind: "numeric", name: "age", values: ages },
  ],
);
const tasks = ["click", "watch"];
const scores = [2, -1, 0.5, 0];
const clicks = [0, 1, -1, 2];
const watches = [Infinity, 3, -120, 1];

const bound = (text: string): BoundFormula =>
  bindFormula(parseFormula(text), { tasks, columns: catalogue.columns });

/** What the graph makes of a formula: all four items, in two requests of two. */
async function inGraph(text: string): Promise<number[]> {
  const values = await bench.run(
    (graph) => {
      const rows = graph.input("rows", "int64", ["batch", "n"]);
      const input = (name: string) => graph.input(name, "float32", ["batch", "n"]);
      return valueModel(
        graph,
        { formula: bound(text), columns },
        {
          candidates: { rows, scores: input("scores") },
          logits: [input("clicks"), input("watches")],
        },
      );
    },
    {
      rows: longs([2, 2], 0, 1, 2, 3),
      scores: floats([2, 2], ...scores),
      clicks: floats([2, 2], ...clicks),
      watches: floats([2, 2], ...watches),
    },
  );
  return values.flat();
}

const expected = (text: string): number[] =>
  scores.map((score, row) => {
    const logits = [clicks[row]!, watches[row]!];
    return rankingValue(evaluateFormula(bound(text), { catalogue, row, score, logits }));
  });

describe("a formula in the graph says what it says of one item", () => {
  test.for([
    "score",
    "7",
    "0.7 * click + 0.3 * watch - 0.01 * default(age, 30)",
    "if(lang:en AND age <= 3, 1.2, 1) * score",
    "if(lang IN (en, de) OR NOT age > 0, click, -score)",
    "if(lang:nowhere, 1, 2)",
    "if(age = 0.1, 1, 0) + if(age != 0.1, 10, 0) + if(age >= 0.1, 100, 0) + if(NOT age < 3, 1000, 0)",
    "if(1 < 2, score, 0)",
    "min(score, click, watch) + max(click, default(age, 9)) + abs(score)",
    "clamp(watch, -3, 3) + clamp(click, 1, 0)",
    "sigmoid(click) + exp(score) + log(score) + sqrt(default(age, 4))",
    "log(exp(watch * 10))",
    "score / default(age, 0) - click / 0",
    "click ^ 2 + score ^ -1 + 2 ^ click",
    "(-1) ^ watch + 1 ^ (0 / 0) + (0 / 0) ^ 0",
    "max(0 / 0, score)",
    "min(score, 0 / 0)",
    "1e30 * 1e30 * score",
  ])("%s", async (text) => {
    const wanted = expected(text);
    for (const [at, value] of (await inGraph(text)).entries()) {
      const scale = Math.max(1, Math.abs(wanted[at]!));
      expect(value / scale, `item ${at}`).toBeCloseTo(wanted[at]! / scale, 6);
    }
  });
});

test("where there is no candidate the value is -inf, whatever the formula says", async () => {
  const values = await bench.run(
    (graph) => {
      const candidates = {
        rows: graph.input("rows", "int64", ["batch", "n"]),
        scores: graph.input("scores", "float32", ["batch", "n"]),
      };
      return valueModel(
        graph,
        { formula: bound("5 - 0 * score"), columns },
        { candidates, logits: [] },
      );
    },
    { rows: longs([1, 2], 0, 0), scores: floats([1, 2], 1, -Infinity) },
  );
  expect(values).toEqual([[5, -Infinity]]);
});
