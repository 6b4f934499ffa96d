/**
 * The ways to join a filter with an index, timed against each other by how many items pass:
 * `npm run bench:joins [-- ITEMS [DIM]]`. One thread, batches of 16, each way in turn in each round;
 * recall is against the exact scan. `auto` is what the index service does if it is not told. Then what
 * it is worth that clusters are taken by what a filter leaves in them.
 */
import { cpus } from "node:os";
import { join as pathOf } from "node:path";
import { median } from "../../src/math/quantile.ts";
import { buildMesh, GRAPH_FILE } from "../build/mesh-build.ts";
import { ClusterProbe } from "../index/cluster-probe.ts";
import { ExactScan } from "../index/exact-scan.ts";
import { HnswGraph } from "../index/hnsw.ts";
import { readInvertedLists } from "../index/inverted-lists.ts";
import { SearchEngine } from "../index/search-engine.ts";
import type { NearRows } from "../index/search-job.ts";
import { type Join, ROWS_PER_CANDIDATE } from "../index/search-plan.ts";
import { createVectorTable, RowScorer } from "../index/vector-table.ts";
import type { Candidates, Search } from "../services.ts";
import { Workbench } from "../workbench.ts";
import { countedClusters } from "./counted-clusters.ts";
import { selectiveSearches, type Spread } from "./selective-searches.ts";

const K = 100;
const BATCH = 16;
const SEARCHES = 4 * BATCH;
const ROUNDS = 3;
const ROUND_SECONDS = 0.25;
/** Recalls that differ by less are the same. */
const SAME_RECALL = 0.005;
const SHARES = [1, 0.5, 0.2, 0.1, 0.05, 0.01, 0.001];

const say = (text: string): void => void process.stdout.write(`${text}\n`);

const [items = 50_000, dim = 64] = process.argv.slice(2).map(Number);
await using bench = await Workbench.open({
  dataset: { kind: "synthetic", items, dim, users: 10_000 },
});
const { catalogue } = bench.dataset;
const { embeddings } = catalogue;
const scan = new ExactScan(new RowScorer(createVectorTable({ embeddings, dim, scorers: 1 }), 0));

const KINDS = {
  hnsw: ["post", "exact", "auto"],
  "ivf-flat": ["pre", "post", "exact", "auto"],
} as const satisfies Record<string, readonly Join[]>;

type Kind = keyof typeof KINDS;

async function nearOf(kind: Kind): Promise<NearRows> {
  const config = bench.config({ index: { kind } });
  await buildMesh(bench.dataset, config, () => {});
  const [folder] = config.folders.index;
  const { index } = config.settings;
  if (kind === "hnsw") return HnswGraph.view(pathOf(folder!, GRAPH_FILE), dim, index);
  return new ClusterProbe(await readInvertedLists(folder!, { items, dim }), scan);
}

interface Way {
  readonly join: Join;
  readonly engine: SearchEngine;
  readonly speeds: number[];
  answers: Candidates[];
}

/** Searches a second of each way, and the recall of each. */
function compare(kind: Kind, near: NearRows, searches: readonly Search[]): Way[] {
  const ways = KINDS[kind].map((join): Way => {
    const { settings } = bench.config({ index: { kind, join } });
    const engine = new SearchEngine({
      range: null,
      near,
      scan,
      items,
      dim,
      settings: settings.index,
    });
    const answers = batchesOf(searches).flatMap((batch) => engine.search(batch));
    return { join, engine, speeds: [], answers };
  });
  for (let round = 0; round < ROUNDS; round++) {
    for (const { engine, speeds } of ways) speeds.push(speedOf(engine, batchesOf(searches)));
  }
  return ways;
}

const batchesOf = (searches: readonly Search[]): (readonly Search[])[] =>
  Array.from({ length: searches.length / BATCH }, (_, n) =>
    searches.slice(n * BATCH, (n + 1) * BATCH),
  );

function speedOf(engine: SearchEngine, batches: readonly (readonly Search[])[]): number {
  const startMs = performance.now();
  let done = 0;
  let nowMs = startMs;
  for (; nowMs < startMs + ROUND_SECONDS * 1000; nowMs = performance.now()) {
    engine.search(batches[(done / BATCH) % batches.length]!);
    done += BATCH;
  }
  return (done / (nowMs - startMs)) * 1000;
}

/** Share of the exact answers' rows that are in the others. */
function recallOf(answers: readonly Candidates[], exact: readonly Candidates[]): number {
  let [hits, wanted] = [0, 0];
  for (const [at, { rows }] of exact.entries()) {
    const found = new Set(answers[at]!.rows);
    wanted += rows.length;
    for (const row of rows) hits += Number(found.has(row));
  }
  return hits / wanted;
}

function table(kind: Kind, spread: Spread, near: NearRows): void {
  say(`\n${kind}, items that pass lie ${spread}: searches a second (recall)`);
  say(`  ${"pass".padEnd(8)}${KINDS[kind].map((join) => join.padEnd(18)).join("")}auto / best`);
  // No more than a half lies farther.
  for (const share of SHARES.filter((each) => spread !== "far" || each < 0.5)) {
    const searches = selectiveSearches(bench.dataset, { share, spread, count: SEARCHES, k: K });
    const ways = compare(kind, near, searches);
    const exact = ways.find(({ join }) => join === "exact")!;
    const told = ways.map(({ join, speeds, answers }) => {
      return { join, speed: median(speeds), recall: recallOf(answers, exact.answers) };
    });
    const auto = told.find(({ join }) => join === "auto")!;
    // One that finds less is no better for being fast.
    const rivals = told.filter(({ recall }) => recall > auto.recall - SAME_RECALL);
    const best = Math.max(...rivals.map(({ speed }) => speed));
    const cells = told.map(({ speed, recall }) => `${speed.toFixed(0)} (${recall.toFixed(3)})`);
    const row = cells.map((cell) => cell.padEnd(18)).join("");
    say(`  ${`${share * 100}%`.padEnd(8)}${row}${(auto.speed / best).toFixed(2)}`);
  }
}

/** What the plan's constant says, as this machine has it. */
function tellCosts(near: NearRows): void {
  const secondsOf = (share: number, join: Join): number => {
    const options = { share, spread: "anywhere", count: SEARCHES, k: K } as const;
    const searches = selectiveSearches(bench.dataset, options);
    const way = compare("hnsw", near, searches).find((each) => each.join === join)!;
    return 1 / median(way.speeds);
  };
  const { expansionSearch } = bench.config({}).settings.index;
  const candidate = secondsOf(1, "post") / expansionSearch;
  const row = (share: number): number => secondsOf(share, "exact") / (share * items);
  const [all, some] = [row(1), row(0.05)];
  say(
    `\na walk takes ${(candidate * 1e6).toFixed(2)} us a candidate kept, a scan ${(all * 1e9).toFixed(0)} ns a row of all and ${(some * 1e9).toFixed(0)} ns of a twentieth: a candidate costs ${(candidate / all).toFixed(0)} to ${(candidate / some).toFixed(0)} rows; the plan takes ${ROWS_PER_CANDIDATE}`,
  );
}

const [{ model } = { model: "unknown" }] = cpus();
say(`${model.trim()}, ${cpus().length} CPUs, Node ${process.version}; ${items} x ${dim}, k ${K}`);
for (const kind of Object.keys(KINDS) as Kind[]) {
  const near = await nearOf(kind);
  for (const spread of ["anywhere", "far", "by topic"] as const) table(kind, spread, near);
  if (kind === "hnsw") tellCosts(near);
  if (near instanceof ClusterProbe) {
    countedClusters({ dataset: bench.dataset, probe: near, scan, k: K, say });
  }
}
