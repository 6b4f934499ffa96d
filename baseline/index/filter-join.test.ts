import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join as pathOf } from "node:path";
import * as fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Random } from "../../src/math/random.ts";
import { meshSettings } from "../../src/scenario/settings.ts";
import { packRows } from "../filter/pack-rows.ts";
import type { Candidates } from "../services.ts";
import { ClusterProbe } from "./cluster-probe.ts";
import { ExactScan } from "./exact-scan.ts";
import { type GraphSettings, HnswGraph } from "./hnsw.ts";
import { createInt8Table, Int8Scorer } from "./int8-table.ts";
import { type InvertedLists, readInvertedLists, writeInvertedLists } from "./inverted-lists.ts";
import { SearchEngine } from "./search-engine.ts";
import type { NearRows } from "./search-job.ts";
import { createVectorTable, RowScorer } from "./vector-table.ts";

const items = 2_000;
const dim = 12;
const random = new Random(11);
const embeddings = Float32Array.from({ length: items * dim }, () => random.gaussian());
const table = createVectorTable({ embeddings, dim, scorers: 1 });
const scan = new ExactScan(new RowScorer(table, 0));

let folder: string;
let lists: InvertedLists;

const settingsOf = (changes: object): GraphSettings =>
  meshSettings.parse({
    index: { connectivity: 8, expansionAdd: 32, expansionSearch: 64, probes: 4, ...changes },
  }).index;

beforeAll(async () => {
  folder = await mkdtemp(pathOf(tmpdir(), "silverbench-join-"));
  await writeInvertedLists(folder, { embeddings, dim }, { clusters: 40 }, () => {});
  lists = await readInvertedLists(folder, { items, dim });
  const graph = pathOf(folder, "graph");
  await HnswGraph.build(graph, { embeddings, dim }, settingsOf({}), () => {});
});
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

function nearOf(settings: GraphSettings): NearRows {
  if (settings.kind === "flat") return null;
  if (settings.kind === "hnsw") return HnswGraph.view(pathOf(folder, "graph"), dim, settings);
  const int8 = new Int8Scorer(createInt8Table({ embeddings, dim, scorers: 1 }), 0);
  return new ClusterProbe(lists, scan, settings.kind === "ivf-int8" ? new ExactScan(int8) : null);
}

function engineWith(changes: object): SearchEngine {
  const settings = settingsOf(changes);
  return new SearchEngine({ range: null, near: nearOf(settings), scan, items, dim, settings });
}

const queryOf = (seed: number): Float32Array => {
  const own = new Random(seed);
  return Float32Array.from({ length: dim }, () => own.gaussian());
};

function valueOf(row: number, query: Float32Array): number {
  let sum = 0;
  for (let d = 0; d < dim; d++) sum += embeddings[row * dim + d]! * query[d]!;
  return sum;
}

const truth = (query: Float32Array, k: number, passes: (row: number) => boolean): number[] =>
  Array.from({ length: items }, (_, row) => row)
    .filter(passes)
    .toSorted((a, b) => valueOf(b, query) - valueOf(a, query))
    .slice(0, k);

const ALL = { bitmap: null, count: items };

function ask(
  engine: SearchEngine,
  asked: {
    query: Float32Array;
    k: number;
    rows: readonly number[] | null;
    seen: readonly number[];
  },
): Candidates {
  const { query, k, rows, seen } = asked;
  const eligible =
    rows === null ? ALL : { bitmap: packRows(Uint32Array.from(rows)), count: rows.length };
  const search = { vectors: query, k, eligible, excluded: Uint32Array.from(seen) };
  return engine.search([search])[0]!;
}

const WAYS = [
  ["hnsw", "post"],
  ["hnsw", "exact"],
  ["flat", "pre"],
  ["flat", "post"],
  ["ivf-flat", "pre"],
  ["ivf-flat", "post"],
  ["ivf-flat", "exact"],
  ["ivf-int8", "auto"],
  ["ivf-int8", "pre"],
  ["ivf-int8", "post"],
] as const;

describe("the ways to join a filter with an index", () => {
  it.each(WAYS)("%s, %s: nothing forbidden, and never short", (kind, join) => {
    const engine = engineWith({ kind, join });
    const shape = fc.record({
      seed: fc.integer({ min: 0, max: 1_000 }),
      // None, one, few, most and all pass.
      share: fc.constantFrom(0, 1 / items, 0.01, 0.3, 0.9, 1),
      k: fc.constantFrom(1, 20, 300, items),
      exclude: fc.constantFrom(0, 50, 400),
    });
    fc.assert(
      fc.property(shape, ({ seed, share, k, exclude }) => {
        const query = queryOf(seed);
        const own = new Random(seed + 1);
        const isEligible = Array.from({ length: items }, () => own.float() < share);
        const seen = truth(query, exclude, () => true);
        const rows = [...isEligible.keys()].filter((row) => isEligible[row]);
        const found = ask(engine, { query, k, rows: share === 1 ? null : rows, seen });
        const isSeen = new Set(seen);
        const passes = (row: number): boolean => isEligible[row]! && !isSeen.has(row);
        expect([...found.rows].every(passes)).toBe(true);
        expect(new Set(found.rows).size).toBe(found.rows.length);
        expect(found.rows).toHaveLength(truth(query, k, passes).length);
        for (const [at, row] of found.rows.entries()) {
          expect(found.values[at]).toBeCloseTo(valueOf(row, query), 4);
        }
      }),
      { numRuns: 40 },
    );
  });

  it.each([
    ["flat", "post"],
    ["ivf-flat", "exact"],
    ["hnsw", "exact"],
  ] as const)("%s, %s: the very answer of the oracle", (kind, join) => {
    const engine = engineWith({ kind, join });
    for (const every of [1, 2, 9, 200]) {
      const query = queryOf(every);
      const rows = Array.from({ length: items }, (_, row) => row).filter(
        (row) => row % every === 0,
      );
      const found = ask(engine, { query, k: 30, rows, seen: [] });
      expect([...found.rows]).toEqual(truth(query, 30, (row) => row % every === 0));
    }
  });

  it("goes the way it is told to", () => {
    const rows = Array.from({ length: items / 2 }, (_, n) => n * 2);
    const counted = (kind: string, join: string): object => {
      const engine = engineWith({ kind, join });
      ask(engine, { query: queryOf(1), k: 20, rows, seen: [] });
      return engine.counters;
    };
    expect(counted("ivf-flat", "pre")).toMatchObject({ probes: 1, walks: 0, exactScans: 0 });
    expect(counted("ivf-flat", "post")).toMatchObject({ probes: 0, exactScans: 0 });
    expect(counted("hnsw", "exact")).toMatchObject({ walks: 0, exactScans: 1 });
  });
});

describe("an index in int8", () => {
  it("finds what the same clusters hold in full", () => {
    const full = engineWith({ kind: "ivf-flat", join: "pre" });
    const int8 = engineWith({ kind: "ivf-int8", join: "pre" });
    let same = 0;
    for (let seed = 0; seed < 50; seed++) {
      const asked = { query: queryOf(seed), k: 40, rows: null, seen: [] };
      const expected = new Set(ask(full, asked).rows);
      same += [...ask(int8, asked).rows].filter((row) => expected.has(row)).length;
    }
    expect(same / (50 * 40)).toBeGreaterThanOrEqual(0.999);
  });

  it.each([1, 3, 8, 17, 100])("scores %i dimensions as float32 does, nearly", (width) => {
    const own = new Random(width);
    const vectors = Float32Array.from({ length: 50 * width }, () => own.gaussian());
    const query = Float32Array.from({ length: width }, () => own.gaussian());
    const options = { embeddings: vectors, dim: width, scorers: 1, segmentBytes: 500 };
    const scorers = [
      new Int8Scorer(createInt8Table(options), 0),
      new RowScorer(createVectorTable(options), 0),
    ];
    const rows = Uint32Array.from({ length: 50 }, (_, row) => row);
    const [coarse, full] = scorers.map((scorer) => {
      const scores = new Float32Array(50);
      scorer.setQuery(query);
      scorer.score(rows, scores);
      return scores;
    });
    // The coarse scores lack one factor, the same for all.
    const ratio = full!.reduce((sum, v, i) => sum + v * coarse![i]!, 0) / dot(coarse!, coarse!);
    const size = Math.sqrt(dot(full!, full!) / 50);
    for (const [i, value] of full!.entries()) {
      expect(Math.abs(value - ratio * coarse![i]!)).toBeLessThan(0.03 * size);
    }
  });
});

const dot = (a: Float32Array, b: Float32Array): number => a.reduce((s, v, i) => s + v * b[i]!, 0);
