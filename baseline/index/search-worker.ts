import { parentPort, workerData } from "node:worker_threads";
import type { Changes } from "../live/changes.ts";
import { openEngine, type SearchedData } from "./open-engine.ts";
import { packCandidates, unpackSearches } from "./search-batch.ts";
import type { SearchCounters } from "./search-engine.ts";
import type { Walked } from "./walk.ts";

/** What a worker is started with. */
export interface SearchWorkerData extends SearchedData {
  readonly slot: number;
}

/** Main thread to worker: a batch to answer. */
export interface SearchTask {
  readonly id: number;
  /** As `packSearches` makes them. */
  readonly searches: ArrayBuffer;
  /** What was found elsewhere for each search; null, or none at all: nothing was. */
  readonly walks: readonly (Walked | null)[];
  /** Milliseconds since the epoch, for each thread counts its own from its start. */
  readonly deadline: number;
}

/** Main thread to worker: what the items are from now on. */
export interface ApplyTask {
  readonly id: number;
  readonly changes: Changes;
}

/** Worker to main thread: ready, a batch answered or out of time, or changes applied. */
export type SearchReport =
  | { readonly type: "ready" }
  | { readonly type: "applied"; readonly id: number; readonly version: number }
  | { readonly type: "late"; readonly id: number }
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
const { slot, ...searched } = workerData as SearchWorkerData;
const engine = openEngine(searched, slot);

const report = (message: SearchReport, buffers: ArrayBuffer[] = []): void =>
  parentPort!.postMessage(message, buffers);

parentPort!.on("message", (task: SearchTask | ApplyTask) => {
  const { id } = task;
  if ("changes" in task) report({ type: "applied", id, version: engine.apply(task.changes) });
  else answer(task);
});
report({ type: "ready" });

function answer({ id, searches, walks, deadline }: SearchTask): void {
  const startMs = performance.now();
  if (startMs + performance.timeOrigin >= deadline) {
    report({ type: "late", id });
    return;
  }
  const candidates = packCandidates(engine.search(unpackSearches(searches), walks));
  const ms = performance.now() - startMs;
  const { counters, version } = engine;
  report({ type: "found", id, candidates, version, ms, counters }, [candidates]);
}
