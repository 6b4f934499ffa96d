import * as fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { HostTensor } from "../../src/onnx/element-type.ts";
import { GraphBuilder, type Value } from "../../src/onnx/graph-builder.ts";
import { enteringScores, FRESH_BLOCK, freshScoring } from "./fresh-scoring.ts";
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

/** Filled up to whole blocks. */
const inBlocks = (row: readonly number[], rest: number): readonly number[] => [
  ...row,
  ...Array.from(
    { length: FRESH_BLOCK * Math.max(1, Math.ceil(row.length / FRESH_BLOCK)) - row.length },
    () => rest,
  ),
];

/** A bit a place, set where it is 0. */
function openBits(rows: readonly (readonly number[])[]): HostTensor {
  const bytes = rows.flatMap((row) =>
    Array.from({ length: row.length / 8 }, (_, byte) =>
      row
        .slice(8 * byte, 8 * byte + 8)
        .reduce((bits, penalty, bit) => bits | (Number(penalty === 0) << bit), 0),
    ),
  );
  return { type: "uint8", dims: [rows.length, rows[0]!.length / 8], data: Uint8Array.from(bytes) };
}

/** What comes out of scores beside answers, of each request: values and places. */
async function entering(
  answers: readonly (readonly number[])[],
  scores: readonly (readonly number[])[],
  {
    k = answers[0]!.length,
    barred = [scores[0]!.map(() => 0)],
    barredOf = scores.map(() => 0),
  }: {
    readonly k?: number;
    readonly barred?: readonly (readonly number[])[];
    readonly barredOf?: readonly number[];
  } = {},
): Promise<{ readonly values: readonly number[]; readonly slots: readonly number[] }> {
  await using session = await bench.load((graph) => {
    const values = graph.input("values", "float32", ["batch", "width"]);
    const given = graph.input("scores", "float32", ["batch", "fresh"]);
    const wanted = graph.input("k", "int64", [1]);
    const made = enteringScores(graph, given, { values, k: wanted });
    return [made.values, graph.cast(made.rows, "int32")];
  });
  const matrix = (rows: readonly (readonly number[])[]): HostTensor =>
    floats([rows.length, rows[0]!.length], ...rows.flat());
  const { 0: values, 1: slots } = await session.run({
    values: matrix(answers),
    scores: matrix(scores.map((row) => inBlocks(row, 0))),
    k: { type: "int64", dims: [1], data: BigInt64Array.of(BigInt(k)) },
    fresh_open: openBits(barred.map((row) => inBlocks(row, -Infinity))),
    fresh_open_of: {
      type: "int32",
      dims: [barredOf.length],
      data: Int32Array.from(barredOf),
    },
  });
  return { values: [...(values!.data as Float32Array)], slots: [...(slots!.data as Int32Array)] };
}

test("of each request as many scores come out as one of them has before its last answer", async () => {
  const answers = [
    [5, 3],
    [9, 8],
  ];
  const scores = [
    [1, 4, 3, 6],
    [2, 7, 7, 1],
  ];
  expect(await entering(answers, scores)).toEqual({ values: [6, 4, 7, 7], slots: [3, 1, 1, 2] });
});

test("where no score comes before an answer, one comes out, for none is not to be had", async () => {
  expect(await entering([[5, 3]], [[1, 2]])).toEqual({ values: [2], slots: [1] });
});

test("an item that a request may not get does not come out before one that it may", async () => {
  const found = await entering(
    [
      [5, 3],
      [5, 3],
    ],
    [
      [9, 8, 4],
      [9, 8, 4],
    ],
    {
      barred: [
        [-Infinity, 0, 0],
        [0, -Infinity, -Infinity],
      ],
      barredOf: [1, 0],
    },
  );
  expect(found).toEqual({ values: [9, -Infinity, 8, 4], slots: [0, 1, 1, 2] });
});

test("where answers are missing all scores come out, but never more than are wanted", async () => {
  expect(await entering([[5, -Infinity]], [[1, 2, 0]])).toEqual({ values: [2, 1], slots: [1, 0] });
  expect(await entering([[5, 3]], [[1, 2]], { k: 3 })).toEqual({ values: [2, 1], slots: [1, 0] });
  expect(await entering([[5, 3]], [[4, 9, 8, 7]])).toEqual({ values: [9, 8], slots: [1, 2] });
});

test("of none only what no request may get comes out", async () => {
  expect(await entering([[5, 3]], [[]])).toEqual({ values: [-Infinity], slots: [0] });
});

test("whatever scores there are, those that come before the last answer come out, in order of place where they are equal", async () => {
  const number = fc.integer({ min: 0, max: 12 });
  const score = fc.oneof(
    { weight: 4, arbitrary: number },
    { weight: 1, arbitrary: fc.constant(-Infinity) },
  );
  const rows = (length: number): fc.Arbitrary<number[][]> =>
    fc.array(fc.array(score, { minLength: length, maxLength: length }), {
      minLength: 3,
      maxLength: 3,
    });
  const any = fc
    .integer({ min: 1, max: 150 })
    .chain((count) => fc.tuple(rows(count), fc.array(number, { minLength: 3, maxLength: 3 })));
  const k = 4;
  await fc.assert(
    fc.asyncProperty(any, async ([scores, bars]) => {
      const answers = bars.map((bar) => [12, 12, 12, bar]);
      const { values, slots } = await entering(answers, scores);
      const width = values.length / scores.length;
      for (const [at, row] of scores.entries()) {
        const own = Array.from({ length: width }, (_, nth) => at * width + nth);
        const found = own
          .filter((place) => values[place]! > bars[at]!)
          .map((place) => [values[place]!, slots[place]!]);
        const expected = row
          .map((value, slot) => [value, slot] as const)
          .filter(([value]) => value > bars[at]!)
          .toSorted(([a], [b]) => b - a)
          .slice(0, k);
        expect(found).toEqual(expected);
      }
    }),
    { numRuns: 25 },
  );
});
