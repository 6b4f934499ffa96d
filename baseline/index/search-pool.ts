import { once } from "node:events";
import { Worker } from "node:worker_threads";
import type { CallContext } from "../../src/door/retriever.ts";
import type { HarnessError } from "../../src/errors.ts";
import { builtFile } from "../../src/process/built-file.ts";
import type { Changes, Dated } from "../live/changes.ts";
import type { Candidates, Search } from "../services.ts";
import { packSearches, unpackCandidates } from "./search-batch.ts";
import { joinHeads, splitHeads } from "./split-heads.ts";
import type { SearchCounters } from "./search-engine.ts";
import type { SearchedData } from "./open-engine.ts";
import { PATIENT, type Searching, tooLate } from "./searching.ts";
import type { ApplyTask, SearchReport, SearchTask, SearchWorkerData } from "./search-worker.ts";
import type { Walked } from "./walk.ts";

interface Pending {
  readonly resolve: (candidates: readonly Dated<Candidates>[]) => void;
  readonly reject: (error: HarnessError) => void;
  readonly searches: number;
}

interface Lane {
  readonly worker: Worker;
  readonly pending: Map<number, Pending>;
  /** Told the version once changes are applied. */
  readonly applying: Map<number, (version: number) => void>;
  /** Searches handed over and not yet answered. */
  load: number;
  counters: SearchCounters | null;
}

/**
 * Threads that search, each with its own view of the graph. A worker that fails ends the process:
 * a service that lost a part of itself must not look healthy.
 */
export class SearchPool implements Searching {
  readonly #lanes: readonly Lane[];
  readonly #onBatch: (ms: number) => void;
  /** Of a head's vector. */
  readonly #dim: number;
  #searches = 0;
  #nextId = 0;

  private constructor(
    workers: readonly Worker[],
    { dim, onBatch }: { dim: number; onBatch: (ms: number) => void },
  ) {
    this.#dim = dim;
    this.#onBatch = onBatch;
    this.#lanes = workers.map((worker) => ({
      worker,
      pending: new Map(),
      applying: new Map(),
      load: 0,
      counters: null,
    }));
    for (const lane of this.#lanes) {
      lane.worker.on("message", (report: SearchReport) => this.#settle(lane, report));
    }
  }

  /**
   * Starts one worker a scorer of the table.
   * @param onBatch Told how long each batch took inside a worker.
   */
  static async start(
    data: SearchedData,
    workers: number,
    onBatch: (ms: number) => void,
  ): Promise<SearchPool> {
    const file = builtFile(import.meta.url, "./search-worker.js");
    const started = Array.from({ length: workers }, (_, slot) => {
      const workerData: SearchWorkerData = { ...data, slot };
      return new Worker(file, { workerData });
    });
    try {
      // A worker that fails before it is ready rejects here.
      await Promise.all(started.map((worker) => once(worker, "message")));
    } catch (error) {
      await Promise.all(started.map((worker) => worker.terminate()));
      throw error;
    }
    return new SearchPool(started, { dim: data.table.dim, onBatch });
  }

  /**
   * Shares a batch out among the idle workers; where none is, the least busy takes all of it, since
   * each hand-over costs. Of few searches the heads are shared out.
   */
  async search(
    searches: readonly Search[],
    walks: readonly (Walked | null)[] = [],
    context: CallContext = PATIENT,
  ): Promise<readonly Dated<Candidates>[]> {
    this.#searches += searches.length;
    const idle = this.#lanes.filter(({ load }) => load === 0).length;
    if (walks.length === 0 && idle >= 2 * searches.length) {
      return await this.#searchSplit(searches, idle, context);
    }
    const share = Math.ceil(searches.length / Math.max(1, idle));
    const parts: Promise<readonly Dated<Candidates>[]>[] = [];
    for (let from = 0; from < searches.length; from += share) {
      const to = from + share;
      parts.push(this.#send(searches.slice(from, to), walks.slice(from, to), context));
    }
    return (await Promise.all(parts)).flat();
  }

  /** Shares each search's heads out too, where more workers are idle than there are searches. */
  async #searchSplit(
    searches: readonly Search[],
    idle: number,
    context: CallContext,
  ): Promise<readonly Dated<Candidates>[]> {
    const most = Math.floor(idle / searches.length);
    return await Promise.all(
      searches.map(async (search) => {
        const parts = splitHeads(search, this.#dim, most);
        const found = parts.map((part) => this.#send([part], [], context));
        return joinHeads((await Promise.all(found)).flat());
      }),
    );
  }

  /** @returns the oldest version of any worker. */
  async apply(changes: Changes): Promise<number> {
    const versions = this.#lanes.map(
      (lane) =>
        new Promise<number>((resolve) => {
          const id = this.#nextId++;
          lane.applying.set(id, resolve);
          lane.worker.postMessage({ id, changes } satisfies ApplyTask);
        }),
    );
    return Math.min(...(await Promise.all(versions)));
  }

  /** Sums over the workers, as of the last batch of each. */
  counters(): ReadonlyMap<string, number> {
    const sums = new Map<string, number>();
    for (const { counters } of this.#lanes) {
      for (const [name, count] of Object.entries(counters ?? {})) {
        sums.set(name, (sums.get(name) ?? 0) + (count as number));
      }
    }
    // One whose heads were shared out is several to the workers.
    sums.set("searches", this.#searches);
    return sums;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#lanes.map(({ worker }) => worker.terminate()));
  }

  #send(
    searches: readonly Search[],
    walks: readonly (Walked | null)[],
    { deadlineMs }: CallContext,
  ): Promise<readonly Dated<Candidates>[]> {
    const lane = this.#lanes.reduce((least, other) => (other.load < least.load ? other : least));
    const id = this.#nextId++;
    const packed = packSearches(searches);
    lane.load += searches.length;
    const deadline = deadlineMs + performance.timeOrigin;
    return new Promise((resolve, reject) => {
      lane.pending.set(id, { resolve, reject, searches: searches.length });
      const task: SearchTask = { id, searches: packed, walks, deadline };
      lane.worker.postMessage(task, [packed]);
    });
  }

  #settle(lane: Lane, report: SearchReport): void {
    if (report.type === "ready") return;
    if (report.type === "applied") {
      lane.applying.get(report.id)!(report.version);
      lane.applying.delete(report.id);
      return;
    }
    const { resolve, reject, searches } = lane.pending.get(report.id)!;
    lane.pending.delete(report.id);
    lane.load -= searches;
    if (report.type === "late") {
      reject(tooLate());
      return;
    }
    lane.counters = report.counters;
    this.#onBatch(report.ms);
    const { version } = report;
    resolve(unpackCandidates(report.candidates, { version }));
  }
}
