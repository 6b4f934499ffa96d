import { parentPort, workerData } from "node:worker_threads";
import type { RowRange } from "../row-range.ts";
import type { Candidates, Search } from "../services.ts";
import { ClusterProbe } from "./cluster-probe.ts";
import { ExactScan } from "./exact-scan.ts";
import type { InvertedLists } from "./inverted-lists.ts";
import { type GraphSettings, HnswGraph } from "./hnsw.ts";
import { Int8Scorer, type Int8Table } from "./int8-table.ts";
import { type NearRows, type SearchCounters, SearchEngine } from "./search-engine.ts";
import { RowScorer, type VectorTable } from "./vector-table.ts";

/** What a worker is started with. */
export interface SearchWorkerData {
  readonly table: VectorTable;
  /** The same rows, coarser; null: the index looks at them in full. */
  readonly int8: Int8Table | null;
  readonly slot: number;
  /** Of the kinds of index that have one; null otherwise. */
  readonly graphFile: string | null;
  readonly lists: InvertedLists | null;
  /** Which of the catalogue's rows the table holds; null: all. */
  readonly range: RowRange | null;
  readonly settings: GraphSettings;
}

/** Main thread to worker: a batch to answer. */
export interface SearchTask {
  readonly id: number;
  readonly searches: readonly Search[];
}

/** Worker to main thread: ready, or a batch answered. */
export type SearchReport =
  | { readonly type: "ready" }
  | {
      readonly type: "found";
      readonly id: number;
      readonly candidates: readonly Candidates[];
      /** Time the batch took in here. */
      readonly ms: number;
      readonly counters: SearchCounters;
    };

// A walk or a scan blocks its thread for milliseconds, hence a thread of its own: the service's
// main thread goes on answering the wire.
const { table, int8, slot, graphFile, lists, range, settings } = workerData as SearchWorkerData;
const scan = new ExactScan(new RowScorer(table, slot));
const engine = new SearchEngine({
  range,
  near: openNear(),
  scan,
  items: table.count,
  dim: table.dim,
  settings,
});

parentPort!.on("message", ({ id, searches }: SearchTask) => {
  const startMs = performance.now();
  const candidates = engine.search(searches);
  const ms = performance.now() - startMs;
  const report: SearchReport = { type: "found", id, candidates, ms, counters: engine.counters };
  const buffers = candidates.flatMap(({ rows, values }) => [rows.buffer, values.buffer]);
  parentPort!.postMessage(report, buffers as ArrayBuffer[]);
});
parentPort!.postMessage({ type: "ready" } satisfies SearchReport);

function openNear(): NearRows {
  if (graphFile !== null) return HnswGraph.view(graphFile, table.dim, settings);
  if (lists === null) return null;
  const coarse = int8 === null ? null : new ExactScan(new Int8Scorer(int8, slot));
  return new ClusterProbe(lists, scan, coarse);
}
