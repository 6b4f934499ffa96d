import { mkdtemp, rm } from "node:fs/promises";
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
const query = Float32Array.from({ length: dim }, () => random.gaussian());

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
  const all = { query, k: 20, eligible: null, isExcluded, probes: 50, least: 0 };
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
    const all = { query, k: 5, eligible, isExcluded, probes: 50 };
    expect(probe.best({ ...all, least: 41 })).toBeNull();
    expect(probe.best({ ...all, least: 40 })!.rows).toHaveLength(5);
  });
});

it("refuses lists of another dataset", async () => {
  const wrong = { items: items + 1, dim };
  await expect(readInvertedLists(folder, wrong)).rejects.toThrow("not of 4001 items");
});
