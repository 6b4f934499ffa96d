import * as fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { HostTensor } from "../../src/onnx/element-type.ts";
import { floats, LayerBench, longs } from "../../src/onnx/layer-bench.fixture.ts";
import type { Session } from "../../src/onnx/session.ts";
import { enteringScores } from "./fresh-entering.ts";
import { FRESH_BLOCK } from "./fresh-scoring.ts";

let bench: LayerBench;
let session: Session;
beforeAll(async () => {
  bench = await LayerBench.open();
  session = await bench.load((graph) => {
    const values = graph.input("values", "float32", ["batch", "width"]);
    const scores = graph.input("scores", "float32", ["batch", "fresh"]);
    const k = graph.input("k", "int64", [1]);
    const made = enteringScores(graph, scores, { values, k });
    return [made.values, made.slots, made.requests];
  });
});
afterAll(async () => {
  await session[Symbol.asyncDispose]();
  await bench[Symbol.asyncDispose]();
});

/** Filled up to whole blocks, one at least. */
const inBlocks = <One>(row: readonly One[], rest: One): One[] => [
  ...row,
  ...Array.from(
    { length: FRESH_BLOCK * Math.max(1, Math.ceil(row.length / FRESH_BLOCK)) - row.length },
    () => rest,
  ),
];

/** A bit an item, the lowest of a word for the first. */
function openWords(rows: readonly (readonly boolean[])[]): HostTensor {
  const blocks = rows[0]!.length / FRESH_BLOCK;
  const data = new Int32Array(rows.length * blocks);
  for (const [at, isOpen] of rows.flat().entries()) {
    data[Math.floor(at / FRESH_BLOCK)]! |= Number(isOpen) << (at % FRESH_BLOCK);
  }
  return { type: "int32", dims: [rows.length, blocks], data };
}

interface Given {
  /** What each request is answered with of the compiled items. */
  readonly answers: readonly (readonly number[])[];
  readonly scores: readonly (readonly number[])[];
  /** As many as there are answers, if absent. */
  readonly k?: number;
  /** Which items may be got, of each opening; absent: all. */
  readonly open?: readonly (readonly boolean[])[];
  readonly openOf?: readonly number[];
}

/** Value and slot. */
type Found = readonly (readonly [number, number])[];

/** What comes out of each request. */
async function entering({ answers, scores, ...rest }: Given): Promise<Found[]> {
  const { k = answers[0]!.length } = rest;
  const { open = [scores[0]!.map(() => true)], openOf = scores.map(() => 0) } = rest;
  const matrix = (rows: readonly (readonly number[])[]): HostTensor =>
    floats([rows.length, rows[0]!.length], ...rows.flat());
  const results = await session.run({
    values: matrix(answers),
    scores: matrix(scores.map((row) => inBlocks(row, 0))),
    k: longs([1], k),
    fresh_open_words: openWords(open.map((row) => inBlocks(row, false))),
    fresh_open_of: { type: "int32", dims: [openOf.length], data: Int32Array.from(openOf) },
  });
  const [values, slots, requests] = ["0", "1", "2"].map((name) =>
    Array.from(results[name]!.data as Float64Array),
  ) as [number[], number[], number[]];
  const found: [number, number][][] = scores.map(() => []);
  for (const [at, request] of requests.entries()) {
    found[request]!.push([values[at]!, slots[at]!]);
  }
  return found;
}

const MANY = 8 * FRESH_BLOCK;

/** A number for each of many items: a usual one, and others at some places. */
const row = (usual: number, others: Readonly<Record<number, number>> = {}): number[] =>
  Array.from({ length: MANY }, (_, slot) => others[slot] ?? usual);

const answers = [
  [5, 4, 4, 3],
  [9, 9, 9, 8],
];

test("of each request the scores come out that are above its last answer, best first", async () => {
  const scores = [row(1, { 3: 4, 70: 6, 71: 3 }), row(2, { 40: 10, 33: 9, 90: 8 })];
  expect(await entering({ answers, scores })).toEqual([
    [
      [6, 70],
      [4, 3],
    ],
    [
      [10, 40],
      [9, 33],
    ],
  ]);
});

test("where no score comes before an answer, none comes out", async () => {
  expect(await entering({ answers, scores: [row(3), row(8)] })).toEqual([[], []]);
});

test("of equal scores that of the earlier item comes out first", async () => {
  const scores = [row(1, { 200: 7, 34: 7, 33: 7 }), row(1)];
  expect((await entering({ answers, scores }))[0]).toEqual([
    [7, 33],
    [7, 34],
    [7, 200],
  ]);
});

test("an item that a request may not get does not come out, and hides no other of its block", async () => {
  const scores = [row(1, { 70: 9, 71: 6 }), row(1, { 70: 12, 71: 10 })];
  const closed = row(1, { 70: 0 }).map(Boolean);
  const others = row(1, { 71: 0 }).map(Boolean);
  expect(await entering({ answers, scores, open: [others, closed], openOf: [1, 0] })).toEqual([
    [[6, 71]],
    [[12, 70]],
  ]);
});

test("the last item of a block, whose bit is a word's sign, comes out like any other", async () => {
  const scores = [row(1, { 31: 9, 63: 6 }), row(1)];
  const open = [row(0, { 31: 1 }).map(Boolean)];
  expect((await entering({ answers, scores, open }))[0]).toEqual([[9, 31]]);
});

test("a request with much that is above its last answer gets the best of it, as many as are wanted, others as before", async () => {
  const much = row(7, { 5: 9, 255: 8, 100: 10 });
  const scores = [much, row(1, { 40: 10 })];
  const open = [row(1, { 100: 0 }).map(Boolean)];
  const [first, second] = await entering({ answers, scores, open });
  expect(first).toEqual([
    [9, 5],
    [8, 255],
    [7, 0],
    [7, 1],
  ]);
  expect(second).toEqual([[10, 40]]);
});

test("where answers are missing whatever may be got comes out, but never more of much than is wanted", async () => {
  const open = [row(0, { 9: 1, 130: 1 }).map(Boolean)];
  const scores = [row(-5)];
  const some = await entering({ answers: [[3, -Infinity]], scores, open });
  expect(some[0]!.filter(([value]) => value > -Infinity)).toEqual([
    [-5, 9],
    [-5, 130],
  ]);
  // Fewer answers than were wanted, of all requests.
  const all = await entering({ answers: [[5, 3]], scores, k: 3 });
  expect(all).toEqual([
    [
      [-5, 0],
      [-5, 1],
      [-5, 2],
    ],
  ]);
});

test("of no items nothing comes out that may be got", async () => {
  const [found] = await entering({ answers: [[5, 3]], scores: [[]] });
  expect(found!.filter(([value]) => value > -Infinity)).toEqual([]);
});

/** How often an item may be got: hardly ever, mostly, always. */
const share = fc.constantFrom(0.02, 0.9, 1);

/** @param most of a range: the smaller, the more are above the answers. */
const given = fc
  .record({
    count: fc.integer({ min: 1, max: 300 }),
    most: fc.constantFrom(12, 100, 1000),
    share,
    k: fc.constantFrom(1, 4, 60),
  })
  .chain(({ count, most, share: often, k }) => {
    const number = fc.integer({ min: 0, max: most });
    const score = fc.oneof(
      { weight: 9, arbitrary: number },
      { weight: 1, arbitrary: fc.constant(-Infinity) },
    );
    const isOpen = fc.double({ min: 0, max: 1, noNaN: true }).map((drawn) => drawn <= often);
    const rows = <One>(one: fc.Arbitrary<One>): fc.Arbitrary<One[][]> =>
      fc.array(fc.array(one, { minLength: count, maxLength: count }), {
        minLength: 3,
        maxLength: 3,
      });
    const bar = fc.oneof(fc.integer({ min: 0, max: 12 }), fc.constant(-Infinity));
    return fc.record({
      k: fc.constant(k),
      scores: rows(score.map((value) => (value < 0 ? value : value - most + 13))),
      open: rows(isOpen),
      openOf: fc.array(fc.integer({ min: 0, max: 2 }), { minLength: 3, maxLength: 3 }),
      bars: fc.array(bar, { minLength: 3, maxLength: 3 }),
    });
  });

test("whatever scores there are and whatever may be got, the k best of those that come before the last answer come out, in order of place where they are equal", async () => {
  await fc.assert(
    fc.asyncProperty(given, async ({ k, scores, open, openOf, bars }) => {
      const held = bars.map((bar) =>
        Array.from({ length: k }, (_, at) => (at === k - 1 ? bar : 99)),
      );
      const found = await entering({ answers: held, scores, k, open, openOf });
      for (const [at, own] of scores.entries()) {
        const above = ([value]: readonly [number, number]): boolean => value > bars[at]!;
        const expected = own
          .map((value, slot) => [value, slot] as const)
          .filter((one) => above(one) && open[openOf[at]!]![one[1]]!)
          .toSorted(([a], [b]) => b - a);
        expect(found[at]!.filter(above).slice(0, k)).toEqual(expected.slice(0, k));
      }
    }),
    { numRuns: 150 },
  );
});
