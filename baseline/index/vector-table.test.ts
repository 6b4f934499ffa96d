import { describe, expect, it } from "vitest";
import { Random } from "../../src/math/random.ts";
import { ExactScan } from "./exact-scan.ts";
import { BLOCK_ROWS } from "./row-table.ts";
import { createVectorTable, RowScorer } from "./vector-table.ts";

const gaussians = (count: number, seed: number): Float32Array => {
  const random = new Random(seed);
  return Float32Array.from({ length: count }, () => random.gaussian());
};

const product = (a: Float32Array, b: Float32Array): number =>
  a.reduce((sum, value, i) => sum + value * b[i]!, 0);

describe("RowScorer", () => {
  it.each([1, 2, 3, 4, 5, 8, 13, 16, 20, 64, 100])(
    "takes inner products of %i dimensions",
    (dim) => {
      const count = 50;
      const embeddings = gaussians(count * dim, dim);
      const query = gaussians(dim, 99);
      const scorer = new RowScorer(createVectorTable({ embeddings, dim, scorers: 1 }), 0);
      const rows = Uint32Array.of(0, 1, 7, 31, count - 1);
      const scores = new Float32Array(rows.length);
      scorer.setQuery(query);
      scorer.score(rows, scores);
      for (const [i, row] of rows.entries()) {
        const expected = product(embeddings.subarray(row * dim, (row + 1) * dim), query);
        expect(scores[i]).toBeCloseTo(expected, 4);
      }
    },
  );

  it("finds rows in whichever memory they lie, and its scorers do not disturb each other", () => {
    const dim = 6;
    const embeddings = gaussians(100 * dim, 1);
    // 32 bytes a row: 10 rows a memory.
    const options = { embeddings, dim, scorers: 2, segmentBytes: 320 };
    const table = createVectorTable(options);
    expect(table.segments).toHaveLength(10);
    const scorers = [new RowScorer(table, 0), new RowScorer(table, 1)];
    const queries = [gaussians(dim, 2), gaussians(dim, 3)];
    for (const [i, scorer] of scorers.entries()) scorer.setQuery(queries[i]!);
    const rows = Uint32Array.of(3, 9, 10, 55, 56, 99);
    for (const [i, scorer] of scorers.entries()) {
      const scores = new Float32Array(rows.length);
      scorer.score(rows, scores);
      for (const [at, row] of rows.entries()) {
        const vector = embeddings.subarray(row * dim, (row + 1) * dim);
        expect(scores[at]).toBeCloseTo(product(vector, queries[i]!), 4);
      }
    }
  });
});

describe("ExactScan", () => {
  const dim = 4;
  const count = BLOCK_ROWS + 500;
  const embeddings = gaussians(count * dim, 5);
  const scan = new ExactScan(new RowScorer(createVectorTable({ embeddings, dim, scorers: 1 }), 0));
  const query = gaussians(dim, 6);
  const ranked = Array.from({ length: count }, (_, row) => row).toSorted(
    (a, b) => valueOf(b) - valueOf(a),
  );
  function valueOf(row: number): number {
    return product(embeddings.subarray(row * dim, (row + 1) * dim), query);
  }

  it("keeps the best of all rows, over more than one block", () => {
    const { rows } = scan.best({ query, rows: null, k: 20, isExcluded: () => false });
    expect([...rows]).toEqual(ranked.slice(0, 20));
  });

  it("leaves out what is excluded and what it was not given", () => {
    const odd = Uint32Array.from({ length: count / 2 }, (_, i) => 2 * i + 1);
    const expected = ranked.filter((row) => row % 2 === 1);
    const best = expected[0]!;
    const { rows } = scan.best({ query, rows: odd, k: 5, isExcluded: (row) => row === best });
    expect([...rows]).toEqual(expected.slice(1, 6));
  });

  it("gives all there are where fewer than k remain", () => {
    const { rows } = scan.best({
      query,
      rows: Uint32Array.of(4, 8),
      k: 5,
      isExcluded: (r) => r === 4,
    });
    expect([...rows]).toEqual([8]);
  });
});
