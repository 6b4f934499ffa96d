import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Random } from "../../src/math/random.ts";
import { packRows } from "../filter/pack-rows.ts";
import type { Candidates, EligibleRows, Search } from "../services.ts";
import { ExactScan } from "./exact-scan.ts";
import { type GraphSettings, HnswGraph } from "./hnsw.ts";
import { SearchEngine } from "./search-engine.ts";
import { createVectorTable, RowScorer } from "./vector-table.ts";

const items = 3_000;
const dim = 10;

function gaussians(length: number, seed: number): Float32Array {
  const random = new Random(seed);
  return Float32Array.from({ length }, () => random.gaussian());
}

const embeddings = gaussians(items * dim, 7);

const settings = (changes: Partial<GraphSettings>): GraphSettings => ({
  kind: "hnsw",
  clusters: "auto",
  probes: 16,
  shards: 1,
  precision: "f32",
  connectivity: 16,
  expansionAdd: 64,
  expansionSearch: 64,
  exactBelow: "auto",
  join: "auto",
  ...changes,
});

let folder: string;
const graphFile = (precision: GraphSettings["precision"]): string => join(folder, precision);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "silverbench-engine-"));
  for (const precision of ["f32", "f16", "i8"] as const) {
    await HnswGraph.build(
      graphFile(precision),
      { embeddings, dim },
      settings({ precision }),
      () => {},
    );
  }
});
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

function engineWith(changes: Partial<GraphSettings>): SearchEngine {
  const all = settings(changes);
  const table = createVectorTable({ embeddings, dim, scorers: 1 });
  return new SearchEngine({
    range: null,
    near: HnswGraph.view(graphFile(all.precision), dim, all),
    scan: new ExactScan(new RowScorer(table, 0)),
    items,
    dim,
    settings: all,
  });
}

const everything: EligibleRows = { bitmap: null, count: items };

function passing(isEligible: (row: number) => boolean, count = items): EligibleRows {
  const rows = Uint32Array.from({ length: count }, (_, row) => row).filter(isEligible);
  return { bitmap: packRows(rows), count: rows.length };
}

const queryOf = (seed: number, heads = 1): Float32Array => gaussians(heads * dim, seed);

const valueOf = (row: number, query: Float32Array): number => {
  let sum = 0;
  for (let d = 0; d < dim; d++) sum += embeddings[row * dim + d]! * query[d]!;
  return sum;
};

/** The k best by brute force. */
function truth(query: Float32Array, k: number, mayReturn: (row: number) => boolean): number[] {
  const rows = Array.from({ length: items }, (_, row) => row).filter(mayReturn);
  return rows.toSorted((a, b) => valueOf(b, query) - valueOf(a, query)).slice(0, k);
}

const overlap = (found: Candidates, expected: readonly number[]): number =>
  expected.filter((row) => found.rows.includes(row)).length / expected.length;

const search = (changes: Partial<Search>): Search => ({
  vectors: queryOf(1),
  k: 10,
  eligible: everything,
  excluded: new Uint32Array(0),
  ...changes,
});

describe("SearchEngine", () => {
  it("is exact where it scans", () => {
    const engine = engineWith({ exactBelow: 1 });
    const eligible = passing((row) => row % 7 === 0);
    const [found] = engine.search([search({ eligible })]);
    expect([...found!.rows]).toEqual(truth(queryOf(1), 10, (row) => row % 7 === 0));
    expect(engine.counters).toMatchObject({ exactScans: 1, walks: 0 });
  });

  it("finds nearly all by walking, and says how good they are", () => {
    const engine = engineWith({ exactBelow: 0 });
    const [found] = engine.search([search({ k: 20 })]);
    expect(
      overlap(
        found!,
        truth(queryOf(1), 20, () => true),
      ),
    ).toBeGreaterThanOrEqual(0.9);
    for (const [i, row] of found!.rows.entries()) {
      expect(found!.values[i]).toBeCloseTo(valueOf(row, queryOf(1)), 4);
    }
    expect(engine.counters).toMatchObject({ exactScans: 0, walks: 1 });
  });

  it("scans after a walk that left too few: it is never short", () => {
    const engine = engineWith({ exactBelow: 0 });
    // Whatever is near the query does not pass.
    const query = queryOf(1);
    const far = new Set(
      truth(
        query.map((value) => -value),
        600,
        () => true,
      ),
    );
    const eligible = passing((row) => far.has(row));
    const [found] = engine.search([search({ eligible, k: 30 })]);
    expect([...found!.rows]).toEqual(truth(query, 30, (row) => far.has(row)));
    expect(engine.counters.fallbacks).toBe(1);
  });

  it("walks on as long as that costs less than a scan", async () => {
    // Large enough that it does: what passes is the half of the items that is far from the query.
    const many = 30_000;
    const vectors = { embeddings: gaussians(many * 4, 8), dim: 4 };
    const small = settings({
      connectivity: 8,
      expansionAdd: 32,
      expansionSearch: 16,
      exactBelow: 0,
    });
    const path = join(folder, "many");
    await HnswGraph.build(path, vectors, small, () => {});
    const table = createVectorTable({ ...vectors, scorers: 1 });
    const engine = new SearchEngine({
      range: null,
      near: HnswGraph.view(path, 4, small),
      scan: new ExactScan(new RowScorer(table, 0)),
      items: many,
      dim: 4,
      settings: small,
    });
    const isFar = (row: number): boolean => vectors.embeddings[row * 4]! < 0;
    const query = Float32Array.of(1, 0, 0, 0);
    const [found] = engine.search([
      search({ vectors: query, eligible: passing(isFar, many), k: 5 }),
    ]);
    const value = (row: number): number => vectors.embeddings[row * 4]!;
    const far = Array.from({ length: many }, (_, row) => row).filter(isFar);
    expect([...found!.rows]).toEqual(far.toSorted((a, b) => value(b) - value(a)).slice(0, 5));
    expect(engine.counters).toMatchObject({ topUps: 2, fallbacks: 1, exactScans: 1 });
  });

  it("answers a batch as it answers each alone", () => {
    const searches = [
      search({ vectors: queryOf(1), excluded: Uint32Array.of(5, 6) }),
      search({ vectors: queryOf(2), eligible: passing((row) => row < 20) }),
      search({ vectors: queryOf(3), eligible: passing((row) => row % 2 === 0), k: 50 }),
      search({ vectors: queryOf(4, 3) }),
      search({ vectors: queryOf(5) }),
    ];
    const together = engineWith({ exactBelow: 0 }).search(searches);
    const alone = searches.map((one) => engineWith({ exactBelow: 0 }).search([one])[0]);
    expect(together).toEqual(alone);
  });

  it("keeps each head's rows apart", () => {
    const vectors = queryOf(9, 3);
    // A walk that may see all rows: the graph's build by several threads is not always the same.
    const engine = engineWith({ exactBelow: 1, expansionSearch: items });
    const [found] = engine.search([search({ vectors, k: 4 })]);
    expect([...found!.counts]).toEqual([4, 4, 4]);
    const expected = [0, 1, 2].flatMap((head) =>
      truth(vectors.subarray(head * dim, (head + 1) * dim), 4, () => true),
    );
    expect([...found!.rows]).toEqual(expected);
  });

  it.each([
    ["f16", 0.9],
    ["i8", 0.75],
  ] as const)(
    "finds most of the best in a graph in %s, and orders them by the full vectors",
    (precision, most) => {
      const [found] = engineWith({ precision, exactBelow: 0 }).search([search({ k: 20 })]);
      expect(
        overlap(
          found!,
          truth(queryOf(1), 20, () => true),
        ),
      ).toBeGreaterThanOrEqual(most);
      const exact = [...found!.rows].map((row) => valueOf(row, queryOf(1)));
      expect(exact).toEqual(exact.toSorted((a, b) => b - a));
      for (const [i, value] of exact.entries()) expect(found!.values[i]).toBeCloseTo(value, 4);
    },
  );

  it("never returns an ineligible or excluded row, and never fewer than there are", () => {
    const engines = [0, 0.3, 1, "auto" as const].map((exactBelow) => engineWith({ exactBelow }));
    const shape = fc.record({
      seed: fc.integer({ min: 0, max: 1_000 }),
      every: fc.constantFrom(1, 2, 3, 10, 100, 1_500, 5_000),
      offset: fc.integer({ min: 0, max: 3 }),
      k: fc.constantFrom(1, 5, 64, 300, items),
      excluded: fc.uniqueArray(fc.integer({ min: 0, max: items - 1 }), { maxLength: 80 }),
      // The best rows are the ones a user has seen.
      excludeBest: fc.constantFrom(0, 30, 400),
      engine: fc.constantFrom(...engines),
    });
    fc.assert(
      fc.property(shape, ({ seed, every, offset, k, excluded, excludeBest, engine }) => {
        const vectors = queryOf(seed);
        const isEligible = (row: number): boolean => row % every === offset % every;
        const seen = new Set([...excluded, ...truth(vectors, excludeBest, () => true)]);
        const eligible = every === 1 ? everything : passing(isEligible);
        const [found] = engine.search([
          search({ vectors, k, eligible, excluded: Uint32Array.from(seen) }),
        ]);
        const mayReturn = (row: number): boolean => isEligible(row) && !seen.has(row);
        const rows = [...found!.rows];
        expect(rows.every(mayReturn)).toBe(true);
        expect(new Set(rows).size).toBe(rows.length);
        expect(rows).toHaveLength(truth(vectors, k, mayReturn).length);
        expect([...found!.values]).toEqual([...found!.values].toSorted((a, b) => b - a));
      }),
      { numRuns: 60 },
    );
  });
});

describe("HnswGraph", () => {
  it("names the file that it cannot open", () => {
    const missing = join(folder, "none");
    expect(() => HnswGraph.view(missing, dim, settings({}))).toThrow("the index cannot be opened");
    expect(() => HnswGraph.view(graphFile("f32"), dim + 1, settings({}))).toThrow(
      "expected an index of 11 dimensions, got 10",
    );
  });
});
