import { parentPort, workerData } from "node:worker_threads";
import type { Changes } from "../live/changes.ts";
import type { RowRange } from "../row-range.ts";
import { ClusterProbe } from "./cluster-probe.ts";
import { ExactScan } from "./exact-scan.ts";
import type { InvertedLists } from "./inverted-lists.ts";
import { type GraphSettings, HnswGraph } from "./hnsw.ts";
import { Int8Scorer, type Int8Table } from "./int8-table.ts";
import { packCandidates, unpackSearches } from "./search-batch.ts";
import { type NearRows, type SearchCounters, SearchEngine } from "./search-engine.ts";
import { RowScorer, type VectorTable } from "./vector-table.ts";
import type { Walked } from "./walk.ts";

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
  /** Which of so many shards this is: new rows belong to the shard they are congruent to. */
  readonly shard: number;
  readonly shards: number;
  /** Rows of all shards together, as they were built. */
  readonly builtRows: number;
}

/** Main thread to worker: a batch to answer. */
export interface SearchTask {
  readonly id: number;
  /** As `packSearches` makes them. */
  readonly searches: ArrayBuffer;
  /** What was found elsewhere for each search; null, or none at all: nothing was. */
  readonly walks: readonly (Walked | null)[];
}

/** Main thread to worker: what the items are from now on. */
export interface ApplyTask {
  readonly id: number;
  readonly changes: Changes;
}

/** Worker to main thread: ready, a batch answered, or changes applied. */
export type SearchReport =
  | { readonly type: "ready" }
  | { readonly type: "applied"; readonly id: number; readonly version: number }
  | {
      readonly type: "found";
      readonly id: number;
      /** As `packCandidates` makes them. */
      readonly candidates: ArrayBuffer;
      /** Of the items that were searched. */
      readonly version: number;
      /** Time the batch took in here. */
      readonly ms: number;
      readonly counters: SearchCounters;
    };

// A walk or a scan blocks its thread for milliseconds, hence a thread of its own: the service's
// main thread goes on answering the wire.
const { table, int8, slot, graphFile, lists, range, settings, shard, shards, builtRows } =
  workerData as SearchWorkerData;
const scan = new ExactScan(new RowScorer(table, slot));
const engine = new SearchEngine({
  range,
  near: openNear(),
  scan,
  items: table.count,
  dim: table.dim,
  settings,
  isOwn: (row) => row >= builtRows && row % shards === shard,
});

const report = (message: SearchReport, buffers: ArrayBuffer[] = []): void =>
  parentPort!.postMessage(message, buffers);

parentPort!.on("message", (task: SearchTask | ApplyTask) => {
  const { id } = task;
  if ("changes" in task) report({ type: "applied", id, version: engine.apply(task.changes) });
  else answer(task);
});
report({ type: "ready" });

function answer({ id, searches, walks }: SearchTask): void {
  const startMs = performance.now();
  const candidates = packCandidates(engine.search(unpackSearches(searches), walks));
  const ms = performance.now() - startMs;
  const { counters, version } = engine;
  report({ type: "found", id, candidates, version, ms, counters }, [candidates]);
}

function openNear(): NearRows {
  if (graphFile !== null) return HnswGraph.view(graphFile, table.dim, settings);
  if (lists === null) return null;
  const coarse = int8 === null ? null : new ExactScan(new Int8Scorer(int8, slot));
  return new ClusterProbe(lists, scan, coarse);
}
