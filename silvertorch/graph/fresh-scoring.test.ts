import { afterAll, beforeAll, expect, test } from "vitest";
import { GraphBuilder, type Value } from "../../src/onnx/graph-builder.ts";
import { freshScoring } from "./fresh-scoring.ts";
import { floats, LayerBench } from "../../src/onnx/layer-bench.fixture.ts";

let bench: LayerBench;
beforeAll(async () => {
  bench = await LayerBench.open();
});
afterAll(() => bench[Symbol.asyncDispose]());

const DIM = 2;

/** The layer over queries of some heads. */
const layerOf =
  (heads: number) =>
  (graph: GraphBuilder): Value => {
    const queries = graph.input("queries", "float32", ["batch", heads * DIM]);
    return freshScoring(graph, queries, { heads, dim: DIM });
  };

test("an item that came later has the largest score of the heads'", async () => {
  const scores = await bench.run(layerOf(3), {
    queries: floats([2, 6], 1, 0, 0, 1, -1, -1, 2, 0, 0, 0, 0, 3),
    fresh_items: floats([2, 2], 1, 4, -5, -6),
  });
  expect(scores).toEqual([
    [4, 11],
    [12, 0],
  ]);
});

test.for([1, 2, 12])("no later item, no score: %i heads", async (heads) => {
  await using session = await bench.load((graph) => [layerOf(heads)(graph)]);
  const queries = floats([1, heads * DIM], ...Array.from({ length: heads * DIM }, () => 1));
  const scores = await session.run({ queries, fresh_items: floats([0, DIM]) });
  expect(scores["0"]).toMatchObject({ dims: [1, 0] });
});

test("heads are compared two at a time: CUDA has no kernel for more, of no items", () => {
  const graph = new GraphBuilder("layer");
  layerOf(12)(graph);
  const compared = graph.toProto().node!.filter(({ opType }) => opType === "Max");
  expect(compared.map(({ input }) => input!.length)).toEqual(Array.from({ length: 11 }, () => 2));
});
