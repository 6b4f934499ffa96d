import * as fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Random } from "../math/random.ts";
import { bestOfBlocks, bestOfMany, type TopKForm } from "./block-top-k.ts";
import { GraphBuilder } from "./graph-builder.ts";
import { LayerBench, longs, rowsOf, tensor } from "./layer-bench.fixture.ts";

let bench: LayerBench;
beforeAll(async () => {
  bench = await LayerBench.open();
});
afterAll(() => bench[Symbol.asyncDispose]());

const BATCH = 3;
/** 70 blocks: four groups, and some that fill none. */
const PLACES = 280;
/** Few different numbers, so that many are equal, and some that are not eligible. */
const score = fc.oneof(fc.integer({ min: -3, max: 3 }), fc.constant(-Infinity));

const levelled: TopKForm = { topK: "ofAny", blockWidth: 4, blocks: "levelled" };
const nested: TopKForm = { topK: "ofFinite", blockWidth: 4, blocks: "nested" };

/** Place by value descending, then by place: what a list is by definition. */
function bestPlaces(scores: ArrayLike<number>, k: number): number[] {
  const order = Array.from({ length: scores.length }, (_, place) => place);
  const before = (a: number, b: number): number =>
    scores[a] === scores[b] ? a - b : scores[b]! - scores[a]!;
  return order.toSorted(before).slice(0, k);
}

describe.each([1, 2])("the best of blocks, %i lists a request", (lists) => {
  const shape = lists === 1 ? [BATCH, PLACES] : [BATCH, lists, PLACES];
  const dims = lists === 1 ? ["batch", PLACES] : ["batch", lists, PLACES];

  test.each([levelled, nested])(
    "are those of all, in the same order: $blocks, $topK",
    async (form) => {
      await using session = await bench.load((graph) => {
        const { values, rows } = bestOfBlocks(
          graph,
          graph.input("scores", "float32", dims),
          graph.input("k", "int64", [1]),
          { places: PLACES, lists, form },
        );
        return [values, rows];
      });
      const all = fc.array(score, {
        minLength: BATCH * lists * PLACES,
        maxLength: BATCH * lists * PLACES,
      });
      await fc.assert(
        fc.asyncProperty(
          all,
          fc.oneof(fc.integer({ min: 1, max: 8 }), fc.integer({ min: 1, max: PLACES })),
          async (scores, k) => {
            const found = await session.run({
              scores: tensor("float32", shape, Float32Array.from(scores)),
              k: longs([1], k),
            });
            const [values, rows] = [found["0"]!, found["1"]!].map(({ data }) =>
              Array.from(data, Number),
            );
            for (let list = 0; list < BATCH * lists; list++) {
              const own = scores.slice(list * PLACES, (list + 1) * PLACES);
              const wanted = bestPlaces(own, k);
              expect(values!.slice(list * k, (list + 1) * k)).toEqual(
                wanted.map((at) => own[at]! + 0),
              );
              expect(rows!.slice(list * k, (list + 1) * k)).toEqual(wanted);
            }
          },
        ),
        { numRuns: 40 },
      );
    },
  );
});

test("of blocks so many that they are gone through in blocks, the best are those of all", async () => {
  // 2,048 blocks, which are 512 blocks of blocks.
  const places = 4 * 4 * 512;
  await using session = await bench.load((graph) => {
    const scores = graph.input("scores", "float32", ["batch", places]);
    const k = graph.input("k", "int64", [1]);
    const { values, rows } = bestOfMany(graph, scores, k, { places, lists: 1, form: nested });
    const opened = graph.toProto().node!.filter(({ opType }) => opType === "GatherND");
    expect(opened).toHaveLength(2);
    return [values, rows];
  });
  const random = new Random(3);
  for (const k of [1, 7, 100, 600, 3_000, places]) {
    const scores = Float32Array.from({ length: BATCH * places }, () => {
      const value = random.int(2_000);
      return value === 0 ? -Infinity : value - 1_000;
    });
    const found = await session.run({
      scores: tensor("float32", [BATCH, places], scores),
      k: longs([1], k),
    });
    const rows = rowsOf(found["1"]!);
    const values = rowsOf(found["0"]!);
    for (let query = 0; query < BATCH; query++) {
      const own = scores.subarray(query * places, (query + 1) * places);
      const wanted = bestPlaces(own, k);
      expect(rows[query]).toEqual(wanted);
      expect(values[query]).toEqual(wanted.map((at) => own[at]));
    }
  }
});

test("short lists, and those that blocks do not fill, are gone through whole", () => {
  const inBlocks = (places: number, blockWidth: number): boolean => {
    const graph = new GraphBuilder("lists");
    bestOfMany(graph, graph.input("scores", "float32", ["batch", places]), graph.ints(10), {
      places,
      lists: 1,
      form: { ...levelled, blockWidth },
    });
    return graph.operators().has("GatherND");
  };
  expect(inBlocks(1 << 16, 32)).toBe(true);
  expect(inBlocks((1 << 16) + 8, 32)).toBe(false);
  expect(inBlocks(1024, 32)).toBe(false);
  expect(inBlocks(1 << 16, 0)).toBe(false);
});
