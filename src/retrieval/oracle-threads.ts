import { Worker } from "node:worker_threads";
import { HarnessError } from "../errors.ts";
import { builtFile } from "../process/built-file.ts";
import type { RankedCatalogue, Ranking } from "./candidate-ranker.ts";
import type { OracleTask } from "./oracle-task.ts";
import { type ThreadArray, toThread } from "./thread-array.ts";

/** What a thread of the oracle is started with. */
export interface OracleThreadData {
  readonly catalogue: Omit<RankedCatalogue, "embeddings" | "dense"> & {
    readonly embeddings: ThreadArray;
    readonly dense: ThreadArray;
  };
  readonly ranking: Ranking | null;
}

export interface ThreadedScan<Outcome> {
  readonly catalogue: RankedCatalogue;
  /** Null where an item's value is its score. */
  readonly ranking: Ranking | null;
  readonly tasks: number;
  /** Makes a task when a thread is free for it. */
  readonly task: (index: number) => OracleTask;
  readonly onOutcome: (index: number, outcome: Outcome) => void;
  readonly threads: number;
  readonly signal: AbortSignal;
}

/**
 * Hands tasks to threads, each the next one when it is done with the last. The catalogue is
 * shared where its arrays stand on SharedArrayBuffers, else copied to each thread. Whatever ends
 * it, no thread is left behind.
 */
export async function scanInThreads<Outcome>(scan: ThreadedScan<Outcome>): Promise<void> {
  const { signal, tasks } = scan;
  signal.throwIfAborted();
  const threads = Math.max(1, Math.min(scan.threads, tasks));
  // Filters and formula are bound already: the threads need no vocabularies.
  const columns = scan.catalogue.columns.map((column) =>
    column.kind === "categorical" ? { ...column, vocabulary: [] } : column,
  );
  const embeddings = toThread(scan.catalogue.embeddings);
  const dense = toThread(scan.catalogue.dense);
  const catalogue = { ...scan.catalogue, columns, embeddings, dense };
  const workerData: OracleThreadData = { catalogue, ranking: scan.ranking };
  const file = builtFile(import.meta.url, "./oracle-worker.js");
  const workers = Array.from({ length: threads }, () => new Worker(file, { workerData }));
  let onAbort: (() => void) | null = null;
  try {
    await new Promise<void>((resolve, reject) => {
      onAbort = () => reject(signal.reason as Error);
      signal.addEventListener("abort", onAbort, { once: true });
      handOut(scan, workers, resolve, reject);
    });
  } finally {
    if (onAbort !== null) signal.removeEventListener("abort", onAbort);
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
}

function handOut<Outcome>(
  { tasks, task, onOutcome }: ThreadedScan<Outcome>,
  workers: readonly Worker[],
  resolve: () => void,
  reject: (error: unknown) => void,
): void {
  let next = 0;
  let open = tasks;
  for (const worker of workers) {
    let current = -1;
    const handNext = (): void => {
      if (next >= tasks) return;
      current = next++;
      worker.postMessage(task(current));
    };
    worker.on("message", (outcome: Outcome) => {
      try {
        onOutcome(current, outcome);
        if (--open === 0) resolve();
        else handNext();
      } catch (error) {
        reject(error);
      }
    });
    worker.once("error", (cause) => {
      reject(new HarnessError("INTERNAL", "a thread of the oracle failed", { cause }));
    });
    worker.once("exit", (code) => {
      reject(new HarnessError("INTERNAL", `a thread of the oracle ended with exit code ${code}`));
    });
    handNext();
  }
}
