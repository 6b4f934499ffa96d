import { afterAll, beforeAll, expect, test } from "vitest";
import type { HostTensor } from "../../src/onnx/element-type.ts";
import type { Session } from "../../src/onnx/session.ts";
import type { BitPenalties } from "./item-penalties.ts";
import { exclusionInputs, hiddenInput } from "./exclusion.ts";
import { eligibleOf } from "./few-eligible.ts";
import { fewSearch } from "./few-search.ts";
import { LayerBench, longs, tensor } from "../../src/onnx/layer-bench.fixture.ts";
import type { Lists } from "./scoring.ts";

let bench: LayerBench;
beforeAll(async () => {
  bench = await LayerBench.open();
});
afterAll(() => bench[Symbol.asyncDispose]());

/** 1,024 items, so that 8 a request are few. */
const WORDS = 16;
const ITEMS = 64 * WORDS;

/** As bits, in the order of eligibility/bitmap-layout.ts. */
function bitsOf(eligible: readonly (readonly number[])[]): HostTensor {
  const bytes = new Uint8Array(eligible.length * WORDS * 8);
  for (const [request, rows] of eligible.entries()) {
    for (const row of rows) {
      const byte = row >> 3;
      const [plane, word] = [Math.floor(byte / WORDS), byte % WORDS];
      bytes[(request * WORDS + word) * 8 + plane]! |= 1 << (row & 7);
    }
  }
  return {
    type: "uint64",
    dims: [eligible.length, WORDS],
    data: new BigUint64Array(bytes.buffer),
  };
}

/** Item i's embedding is (i, -i), except that 7 and 9 are alike. */
const embeddings = Float32Array.from({ length: 2 * ITEMS }, (_, at) => {
  const item = at >> 1 === 9 ? 7 : at >> 1;
  return at % 2 === 0 ? item : -item;
});

async function open(heads: number, lists: Lists = "score"): Promise<Session> {
  const items = await bench.stored([ITEMS, 2], embeddings);
  return await bench.load((graph) => {
    const bits: BitPenalties = {
      words: WORDS,
      blockWords: WORDS,
      of: (branch) => branch.node("Identity", [graph.input("bits", "uint64", ["batch", WORDS])]),
      ofBytes: (_, bytes) => bytes,
    };
    const filtered = graph.input("filtered", "bool", []);
    const eligible = eligibleOf(
      graph,
      { filtered, bits, ofAll: () => filtered, within: () => filtered },
      bits,
      1,
    );
    const best = fewSearch(graph, eligible, {
      queries: graph.input("q", "float32", ["batch", 2 * heads]),
      heads,
      lists,
      items,
      excluded: exclusionInputs(graph),
      hidden: hiddenInput(graph),
      k: graph.input("k", "int64", [1]),
      order: "bestFirst",
    });
    return [best.values, best.rows, eligible.few];
  });
}

interface Asked {
  readonly eligible: readonly (readonly number[])[];
  readonly queries: readonly number[];
  readonly excluded?: readonly number[];
  readonly hidden?: readonly number[];
}

async function search(session: Session, { eligible, queries, excluded = [], hidden = [] }: Asked) {
  const batch = eligible.length;
  const width = excluded.length / batch;
  const found = await session.run({
    bits: bitsOf(eligible),
    filtered: { type: "bool", dims: [], data: Uint8Array.of(1) },
    q: tensor("float32", [batch, queries.length / batch], Float32Array.from(queries)),
    k: longs([1], 3),
    hidden_rows: tensor("int32", [hidden.length], Int32Array.from(hidden)),
    excluded_rows: tensor("int32", [batch, width], Int32Array.from(excluded)),
    excluded_penalties: tensor(
      "float32",
      [batch, width],
      new Float32Array(excluded.length).fill(-Infinity),
    ),
  });
  const numbers = (name: string): number[] => Array.from(found[name]!.data, Number);
  return { values: numbers("0"), rows: numbers("1"), few: numbers("2")[0] === 1 };
}

test("of few eligible items the best come first, those alike by row, and what lacks is -inf", async () => {
  await using session = await open(1);
  const eligible = [[900, 9, 3, 7], [1023, 0], []];
  const { values, rows, few } = await search(session, { eligible, queries: [0, 1, 2, 1, 1, 1] });
  expect(few).toBe(true);
  expect(values).toEqual([-3, -7, -7, 1023, 0, ...Array.from({ length: 4 }, () => -Infinity)]);
  expect(rows.slice(0, 5)).toEqual([3, 7, 9, 1023, 0]);
});

test("nothing is eligible for anybody", async () => {
  await using session = await open(1);
  const { values, few } = await search(session, { eligible: [[], []], queries: [1, 0, 1, 0] });
  expect(few).toBe(true);
  expect(values).toEqual(Array.from({ length: 6 }, () => -Infinity));
});

test("of several heads the largest score counts, and what a request excludes does not", async () => {
  await using session = await open(2);
  const { values, rows } = await search(session, {
    eligible: [
      [5, 6, 8],
      [5, 6],
    ],
    queries: [1, 0, 0, 1, 0, 1, 0, 2],
    excluded: [8, 6],
  });
  expect(values).toEqual([6, 5, -Infinity, -5, -Infinity, -Infinity]);
  expect([rows[0], rows[1], rows[3]]).toEqual([6, 5, 5]);
});

test("where each of several heads has a list, each has the best by its own score", async () => {
  await using session = await open(2, "heads");
  const { values, rows } = await search(session, {
    eligible: [[5, 6, 8, 11], [5]],
    queries: [1, 0, 0, 1, 0, 1, 0, 2],
    excluded: [11, 6],
  });
  const none = -Infinity;
  expect(values).toEqual([8, 6, 5, -5, -6, -8, -5, none, none, -10, none, none]);
  expect(rows.slice(0, 6)).toEqual([8, 6, 5, 5, 6, 8]);
});

test("what is hidden nobody gets, whatever else a request excludes", async () => {
  await using session = await open(1);
  const eligible = [
    [5, 6, 8],
    [5, 6, 7],
  ];
  const asked = { eligible, queries: [1, 0, 1, 0], hidden: [8, 700, 6] };
  const { values } = await search(session, asked);
  expect(values).toEqual([5, -Infinity, -Infinity, 7, 5, -Infinity]);
  const fewer = await search(session, { ...asked, excluded: [5, 7] });
  expect(fewer.values).toEqual([-Infinity, -Infinity, -Infinity, 5, -Infinity, -Infinity]);
});

test("more than one in 128 are not few, whether they lie together or apart", async () => {
  await using session = await open(1);
  const queries = [1, 0, 1, 0];
  const few = async (rows: number[]): Promise<boolean> =>
    (await search(session, { eligible: [rows, rows], queries })).few;
  const from = (step: number, count: number): number[] =>
    Array.from({ length: count }, (_, at) => at * step);
  expect(await few(from(64, 8))).toBe(true);
  expect(await few(from(64, 9))).toBe(false);
  expect(await few(from(1, 8))).toBe(true);
  expect(await few(from(1, 9))).toBe(false);
  expect(await few(from(8, 9))).toBe(false);
});
