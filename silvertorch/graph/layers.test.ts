import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { HostTensor } from "../../src/onnx/element-type.ts";
import { Random } from "../../src/math/random.ts";
import { itemCodes, itemScales } from "../compile/quantisation.ts";
import { exclusion, exclusionInputs, withPadding } from "./exclusion.ts";
import { formOf } from "./device-form.ts";
import { floats, LayerBench, tensor } from "../../src/onnx/layer-bench.fixture.ts";
import { quantisedScoring } from "./quantised-scoring.ts";
import { candidateCount, refined } from "./refinement.ts";
import { scoring } from "./scoring.ts";
import { userFeatures } from "./user-features.ts";
import { userTower } from "./user-tower.ts";

let bench: LayerBench;
beforeAll(async () => {
  bench = await LayerBench.open();
});
afterAll(() => bench[Symbol.asyncDispose]());

test("user features come from the table or from the request", async () => {
  const users = await bench.stored([3, 2], Float32Array.of(1, 2, 3, 4, 5, 6));
  const features = await bench.run((graph) => userFeatures(graph, users), {
    user_rows: tensor("int32", [3], Int32Array.of(2, 0, 0)),
    has_features: tensor("bool", [3, 1], Uint8Array.of(0, 1, 0)),
    user_features: floats([3, 2], 0, 0, 7, 8, 0, 0),
  });
  expect(features).toEqual([
    [5, 6],
    [7, 8],
    [1, 2],
  ]);
});

describe("user tower", () => {
  const feeds = {
    x: floats([2, 2], 1, 2, 3, -4),
    has_vectors: tensor("bool", [2, 1], Uint8Array.of(0, 1)),
    query_vectors: floats([2, 2], 0, 0, 9, 8),
  };
  const tower = (layers: Parameters<typeof userTower>[2]): Promise<number[][]> =>
    bench.run(
      (graph) =>
        userTower(graph, graph.input("x", "float32", ["batch", 2]), layers, { heads: 1, dim: 2 }),
      feeds,
    );

  test("without layers the features are the query", async () => {
    expect(await tower([])).toEqual([
      [1, 2],
      [9, 8],
    ]);
  });

  test("a layer is input x weights + bias, cut at 0 where it says so", async () => {
    const layer = {
      weights: await bench.stored([2, 2], Float32Array.of(1, -1, 10, -10)),
      bias: await bench.stored([2], Float32Array.of(0.5, 0.25)),
    };
    expect(await tower([{ ...layer, relu: false }])).toEqual([
      [21.5, -20.75],
      [9, 8],
    ]);
    expect(await tower([{ ...layer, relu: true }])).toEqual([
      [21.5, 0],
      [9, 8],
    ]);
  });
});

describe("scoring", () => {
  test("is the inner product, and over several heads the largest", async () => {
    const items = await bench.stored([3, 2], Float32Array.of(1, 0, 0, 1, 2, 2));
    const score = (heads: number, queries: HostTensor): Promise<number[][]> =>
      bench.run(
        (graph) =>
          scoring(graph, graph.input("q", "float32", ["batch", heads * 2]), items, {
            heads,
            lists: "score",
          }),
        { q: queries },
      );
    expect(await score(1, floats([2, 2], 1, 2, -1, 3))).toEqual([
      [1, 2, 6],
      [-1, 3, 4],
    ]);
    expect(await score(2, floats([1, 4], 1, 2, 5, -3))).toEqual([[5, 2, 6]]);
  });

  test.for([
    ["cpu", 63],
    ["cuda", 127],
  ] as const)("on 8-bit items it keeps the order of scores: %s", async ([device, levels]) => {
    const [count, dim] = [64, 24];
    const random = new Random(5);
    const embeddings = Float32Array.from({ length: count * dim }, () => random.gaussian());
    const scales = itemScales({ count, dim, embeddings }, "perItem");
    const codes = Int8Array.from(
      [...itemCodes({ count, dim, embeddings }, scales)].flatMap((strip) => [...strip]),
    );
    const quantised = {
      codes: await bench.stored([dim, count], codes),
      scales: await bench.stored([count], scales),
    };
    const query = Array.from({ length: dim }, () => random.gaussian());
    const [scores, zeros] = await bench.run(
      (graph) =>
        quantisedScoring(graph, graph.input("q", "float32", ["batch", dim]), quantised, {
          heads: 1,
          lists: "score",
          form: formOf(device),
        }),
      { q: floats([2, dim], ...query, ...query.map(() => 0)) },
    );
    const exact = Array.from({ length: count }, (_, item) =>
      query.reduce((sum, value, at) => sum + value * embeddings[item * dim + at]!, 0),
    );
    // One head's scores are those divided by the query's step: compare them as shares.
    const step = Math.max(...query.map(Math.abs)) / levels;
    scores!.forEach((score, item) => expect(score * step).toBeCloseTo(exact[item]!, 0.5));
    expect(zeros).toEqual(Array.from({ length: count }, () => 0));
  });
});

const gone = (row: number[]): number[] => [...row.keys()].filter((item) => row[item] !== 1);

test("exclusions and padding fall to -inf, and shorter lists leave the others alone", async () => {
  const [first, second] = await bench.run(
    (graph) => {
      const scores = graph.node("Identity", [graph.input("s", "float32", ["batch", 64])]);
      const inputs = exclusionInputs(graph);
      const { rows, penalties } = withPadding(graph, inputs, { items: 62, paddedItems: 64 });
      return exclusion(graph, scores, { places: rows, penalties });
    },
    {
      s: floats([2, 64], ...Array.from({ length: 128 }, () => 1)),
      excluded_rows: tensor("int32", [2, 2], Int32Array.of(3, 5, 7, 0)),
      excluded_penalties: floats([2, 2], -Infinity, -Infinity, -Infinity, 0),
    },
  );
  expect(gone(first!)).toEqual([3, 5, 62, 63]);
  expect(gone(second!)).toEqual([7, 62, 63]);
});

test("refinement puts candidates into their exact order, ties by row, the ineligible last", async () => {
  const items = await bench.stored([5, 1], Float32Array.of(3, 1, 3, 9, 2));
  const rows = await bench.run(
    (graph) => {
      const candidates = {
        values: graph.input("values", "float32", ["batch", 4]),
        rows: graph.input("rows", "int64", ["batch", 4]),
      };
      const queries = graph.input("q", "float32", ["batch", 1]);
      const k = graph.ints(4);
      const best = refined(graph, candidates, {
        queries,
        items,
        heads: 1,
        lists: "score",
        k,
        form: formOf("cpu"),
      });
      return graph.cast(best.rows, "float32");
    },
    {
      values: floats([1, 4], 8, 7, 6, -Infinity),
      rows: tensor("int64", [1, 4], BigInt64Array.of(2n, 4n, 0n, 3n)),
      q: floats([1, 1], 1),
    },
  );
  expect(rows).toEqual([[0, 2, 4, 3]]);
});

const candidates = (k: number, items: number): Promise<number[][]> =>
  bench.run(
    (graph) =>
      graph.reshape(graph.cast(candidateCount(graph, graph.ints(k), items), "float32"), 1, 1),
    {},
  );

test("an eighth more candidates than wanted, and some, are kept, but never more than there are", async () => {
  expect(await candidates(100, 50_000)).toEqual([[128]]);
  expect(await candidates(100, 120)).toEqual([[120]]);
});
