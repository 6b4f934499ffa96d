import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Random } from "../../src/math/random.ts";
import { packRows } from "../filter/pack-rows.ts";
import { RowSet } from "../row-set.ts";
import { ClusterProbe, type ProbeQuery } from "./cluster-probe.ts";
import { ExactScan } from "./exact-scan.ts";
import { type InvertedLists, readInvertedLists, writeInvertedLists } from "./inverted-lists.ts";
import { createVectorTable, RowScorer } from "./vector-table.ts";

const items = 4_000;
const dim = 8;
const random = new Random(3);
const embeddings = Float32Array.from({ length: items * dim }, () => random.gaussian());
const randomVector = (length: number): Float32Array =>
  Float32Array.from({ length }, () => random.gaussian());
const query = randomVector(dim);

let folder: string;
let lists: InvertedLists;
let scan: ExactScan;
let probe: ClusterProbe;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "silverbench-ivf-"));
  await writeInvertedLists(folder, { embeddings, dim }, { clusters: 50 }, () => {});
  lists = await readInvertedLists(folder, { items, dim });
  scan = new ExactScan(new RowScorer(createVectorTable({ embeddings, dim, scorers: 1 }), 0));
  probe = new ClusterProbe(lists, scan);
});
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

const isExcluded = (): boolean => false;
const exact = (k: number, rows: Uint32Array | null = null): number[] => [
  ...scan.best({ query, rows, k, isExcluded }).rows,
];

const best = (asked: Partial<ProbeQuery>): number[] => {
  const all = { query, k: 20, eligible: null, isExcluded, bonus: null, probes: 50, least: 0 };
  return [...probe.best({ ...all, ...asked })!.rows];
};
const found = (probes: number): number[] => best({ probes });

describe("ClusterProbe", () => {
  it("has each row in one cluster", () => {
    expect(lists.starts).toHaveLength(51);
    expect([...lists.rows].toSorted((a, b) => a - b)).toEqual([...lists.rows.keys()]);
  });

  it("finds most of the best rows in a few clusters, and all of them in all", () => {
    const truth = exact(20);
    expect(truth.filter((row) => found(10).includes(row)).length).toBeGreaterThanOrEqual(15);
    expect(found(50)).toEqual(truth);
    expect(found(1_000)).toEqual(truth);
  });

  it("goes on until it has k rows, or all that pass", () => {
    const rows = Uint32Array.from({ length: 40 }, (_, i) => i * 100);
    const eligible = new RowSet(packRows(rows));
    const passing = (k: number): number[] => best({ k, eligible, probes: 1 });
    expect(passing(30)).toHaveLength(30);
    expect(passing(60)).toEqual(exact(60, rows));
  });

  it("leaves out what is excluded", () => {
    const [first, ...rest] = exact(5);
    expect(best({ k: 4, isExcluded: (row) => row === first })).toEqual(rest);
  });

  it("finds nothing where fewer rows pass than the least", () => {
    const eligible = new RowSet(packRows(Uint32Array.from({ length: 40 }, (_, i) => i * 100)));
    const all = { query, k: 5, eligible, isExcluded, bonus: null, probes: 50 };
    expect(probe.best({ ...all, least: 41 })).toBeNull();
    expect(probe.best({ ...all, least: 40 })!.rows).toHaveLength(5);
  });
});

describe("ClusterProbe of a filter that goes with clusters", () => {
  /** Rows lie about 100 centres; nine in ten of a centre have its tag, one of twenty. */
  const wide = 24;
  const tags = Uint8Array.from({ length: items }, (_, row) =>
    random.float() < 0.9 ? row % 20 : random.int(20),
  );
  const centres = Array.from({ length: 100 }, () => randomVector(wide));
  const around = Float32Array.from(
    { length: items * wide },
    (_, at) => centres[Math.floor(at / wide) % 100]![at % wide]! + 0.7 * random.gaussian(),
  );
  const tagged = (tag: number): Uint32Array =>
    Uint32Array.from([...tags.keys()].filter((row) => tags[row] === tag));

  it("finds more in as many clusters by counting what is eligible in each, and all in all", async () => {
    const own = join(folder, "tagged");
    await mkdir(own);
    await writeInvertedLists(own, { embeddings: around, dim: wide }, { clusters: 50 }, () => {});
    const table = createVectorTable({ embeddings: around, dim: wide, scorers: 1 });
    const all = new ExactScan(new RowScorer(table, 0));
    const tagLists = await readInvertedLists(own, { items, dim: wide });
    const tagProbe = new ClusterProbe(tagLists, all);
    let [plain, counted] = [0, 0];
    for (let tag = 0; tag < 20; tag++) {
      const rows = tagged(tag);
      const eligible = new RowSet(packRows(rows));
      const asked = { query: randomVector(wide), k: 20, eligible, isExcluded, least: 0 };
      const truth = new Set(all.best({ ...asked, rows }).rows);
      const bonus = tagProbe.bonusOf(eligible);
      const hits = (probes: number, by: ProbeQuery["bonus"]): number => {
        const answer = tagProbe.best({ ...asked, probes, bonus: by })!.rows;
        expect(answer).toHaveLength(20);
        expect([...answer].every((row) => tags[row] === tag)).toBe(true);
        return answer.filter((row) => truth.has(row)).length;
      };
      plain += hits(8, null);
      counted += hits(8, bonus);
      expect(hits(50, bonus)).toBe(20);
    }
    expect(plain / 400).toBeLessThan(0.75);
    expect(counted / 400).toBeGreaterThan(0.82);
  });

  it("finds nothing where only what is far of each cluster passes, but where none is least", () => {
    // Of every fifth cluster, the half that is farther from the query.
    const rows = exact(items).filter((row) => lists.clusterOf[row]! % 5 === 0);
    const farther = rows.filter((row, at) => {
      const isOwn = (other: number): boolean => lists.clusterOf[other] === lists.clusterOf[row];
      return rows.slice(0, at).filter(isOwn).length >= rows.filter(isOwn).length / 2;
    });
    const eligible = new RowSet(packRows(Uint32Array.from(farther).toSorted()));
    const asked = { query, k: 5, eligible, isExcluded, probes: 10 };
    const bonus = probe.bonusOf(eligible);
    expect(bonus).not.toBeNull();
    expect(probe.best({ ...asked, bonus, least: 1 })).toBeNull();
    expect(probe.best({ ...asked, bonus, least: 0 })!.rows).toHaveLength(5);
  });

  it("adds nothing where all rows pass", () => {
    const all = new RowSet(packRows(Uint32Array.from({ length: items }, (_, row) => row)));
    expect(probe.bonusOf(null)).toBeNull();
    expect(probe.bonusOf(all)).toBeNull();
  });
});

it("refuses lists of another dataset", async () => {
  const wrong = { items: items + 1, dim };
  await expect(readInvertedLists(folder, wrong)).rejects.toThrow("not of 4001 items");
});
