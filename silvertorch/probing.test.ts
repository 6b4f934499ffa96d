import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Dataset } from "../src/dataset/dataset.ts";
import { generateSynthetic } from "../src/dataset/synthetic.ts";
import { Random } from "../src/math/random.ts";
import type { UserRef } from "../src/retrieval/request.ts";
import { compiled, oneHead } from "./dataset.fixture.ts";
import type { OnnxEngine } from "./engine/onnx-engine.ts";
import type { RequestReader } from "./engine/request-reader.ts";

const ITEMS = 6000;
const K = 50;

let scratch = "";
let dataset: Dataset;
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), "silverbench-probing-"));
  const parts = await generateSynthetic(
    { kind: "synthetic", items: ITEMS, dim: 16, users: 40, noise: 0.6, zipf: 0.8 },
    1,
    { onProgress: () => {}, signal: new AbortController().signal },
  );
  dataset = { ...parts, hash: "probing", folder: "" };
});
afterAll(() => rm(scratch, { recursive: true, force: true }));

interface Loaded {
  readonly engine: OnnxEngine;
  readonly reader: RequestReader;
}

let folders = 0;
const load = (
  clusters: number | null,
  probes: number | "all",
  mostProbes = probes,
): Promise<Loaded> =>
  compiled(join(scratch, String(folders++)), dataset, {
    model: { ...oneHead, candidates: K },
    settings: { precision: "float32", scale: "perItem", clusters, eligibility: { kind: "exact" } },
    probes,
    mostProbes,
  });

async function answers(
  { engine, reader }: Loaded,
  filter: string,
  { k, users }: { readonly k: number; readonly users: readonly UserRef[] } = usual(),
): Promise<Set<number>[]> {
  const queries = users.map((user) =>
    reader.read({ user, k, filter, exclude: new Float64Array(0) }),
  );
  const found = await engine.answer(queries);
  await engine[Symbol.asyncDispose]();
  return found.map(({ rows }) => new Set(rows));
}

const usual = (): { readonly k: number; readonly users: readonly UserRef[] } => ({
  k: K,
  users: Array.from(dataset.users.ids, (id) => ({ kind: "id", id })),
});

/** Clusters that queries looked at in the end, in the mean. */
function clustersOf({ engine }: Loaded): number {
  const counts = [...engine.probing.probed];
  const queries = counts.reduce((sum, [, count]) => sum + count, 0);
  return counts.reduce((sum, [probes, count]) => sum + probes * count, 0) / queries;
}

/** The share of the first answers' items that the second ones have, too. */
function recall(wanted: readonly Set<number>[], found: readonly Set<number>[]): number {
  const all = wanted.reduce((sum, rows) => sum + rows.size, 0);
  const hits = wanted.reduce(
    (sum, rows, at) => sum + [...rows].filter((row) => found[at]!.has(row)).length,
    0,
  );
  return hits / all;
}

test("the more clusters are probed the more is found, and all of it by all", async () => {
  const wanted = await answers(await load(null, "all"), "");
  const recalls: number[] = [];
  for (const probes of [1, 4, 16, "all" as const]) {
    recalls.push(recall(wanted, await answers(await load(80, probes), "")));
  }
  expect(recalls).toEqual(recalls.toSorted((a, b) => a - b));
  expect(recalls[0]).toBeGreaterThan(0.2);
  expect(recalls[2]).toBeGreaterThan(0.9);
  expect(recalls[3]).toBe(1);
});

test("a filter that leaves too few in the probed clusters is looked for further", async () => {
  const filter = "lang:en AND age_days <= 7";
  const wanted = await answers(await load(null, "all"), filter);
  const probing = await load(80, 2);
  const found = await answers(probing, filter);
  expect(found.map(({ size }) => size)).toEqual(wanted.map(({ size }) => size));
  expect(probing.engine.probing.widened).toBeGreaterThan(0);
  // Each answer once, by what it was found with in the end: two clusters, eight, all of them.
  const { probed } = probing.engine.probing;
  expect([...probed.values()].reduce((sum, queries) => sum + queries, 0)).toBe(found.length);
  expect(Math.max(...probed.keys())).toBeGreaterThan(2);
});

test("a filter costs recall where probes are fixed, and none where they grow with it", async () => {
  const recallOf = async (filter: string, most: number | "all"): Promise<number> => {
    const wanted = await answers(await load(null, "all"), filter);
    const loaded = await load(80, 4, most);
    const found = recall(wanted, await answers(loaded, filter));
    const grows = filter !== "" && most === "all";
    expect(loaded.engine.probing.grown).toBe(grows ? dataset.users.count : 0);
    return found;
  };
  const unfiltered = await recallOf("", "all");
  expect(await recallOf("u < 25", 4)).toBeLessThan(unfiltered - 0.05);
  expect(await recallOf("u < 25", "all")).toBeGreaterThan(unfiltered);
});

// Most items have their cluster's language: of the clusters nearest to anyone many hold hardly any of it.
test("of as many clusters more is found in those that hold what a filter leaves", async () => {
  const random = new Random(5);
  const users = Array.from({ length: 40 }, (): UserRef => {
    return { kind: "vectors", vectors: Float32Array.from({ length: 16 }, () => random.gaussian()) };
  });
  const asked = { k: 10, users };
  const wanted = await answers(await load(null, "all"), "lang:pt", asked);
  const byCentroids = await load(80, 6);
  // A filter lets them grow by one, to as many.
  const byCounts = await load(80, 5, 6);
  const before = recall(wanted, await answers(byCentroids, "lang:pt", asked));
  const found = recall(wanted, await answers(byCounts, "lang:pt", asked));
  expect(clustersOf(byCounts)).toBeLessThanOrEqual(clustersOf(byCentroids));
  expect(found).toBeGreaterThan(before + 0.1);
});
