import { once } from "node:events";
import { type MessagePort, Worker } from "node:worker_threads";
import { HarnessError } from "../../src/errors.ts";
import { builtFile } from "../../src/process/built-file.ts";
import { type FailureMessage, fromFailureMessage } from "../../src/process/failure-message.ts";
import { endService } from "../../src/process/service-main.ts";
import type { MeshConfig } from "../mesh-config.ts";
import type { Part } from "./part.ts";

/** What the thread of a part is started with. */
export interface PartThreadData {
  readonly mesh: MeshConfig;
  readonly part: Part;
  /** Whether it listens on a port of its own; else it answers through `calls`. */
  readonly listens: boolean;
  readonly calls: readonly MessagePort[];
  /** Where a ranker reaches the feature service; null: over gRPC, or it is no ranker. */
  readonly feature: MessagePort | null;
}

/** Thread to whoever started it. */
export type PartThreadReport =
  | { readonly type: "ready"; readonly port: number }
  | { readonly type: "failed"; readonly error: FailureMessage };

/**
 * A part in a thread of its own. One that ends without having been asked to ends the process: a
 * mesh that lost a service must not look healthy.
 */
export class PartThread implements AsyncDisposable {
  /** Where it listens; 0: it does not. */
  readonly port: number;
  readonly #worker: Worker;
  #stopping = false;

  private constructor(worker: Worker, port: number, role: string) {
    this.#worker = worker;
    this.port = port;
    worker.on("error", (cause) => {
      endService(new HarnessError("INTERNAL", `the ${role} thread failed`, { cause }));
    });
    worker.on("exit", () => {
      if (!this.#stopping) endService(new HarnessError("INTERNAL", `the ${role} thread ended`));
    });
  }

  /** @throws HarnessError as the part failed; no thread is left then. */
  static async start(
    data: Pick<PartThreadData, "mesh" | "part" | "listens"> & Partial<PartThreadData>,
  ): Promise<PartThread> {
    const workerData: PartThreadData = { calls: [], feature: null, ...data };
    const { role } = data.part;
    const file = builtFile(import.meta.url, "./part-thread-main.js");
    const { calls, feature } = workerData;
    const transferList = feature === null ? [...calls] : [...calls, feature];
    const worker = new Worker(file, { workerData, transferList });
    // One that fails before it is ready rejects here.
    const [report] = (await once(worker, "message")) as [PartThreadReport];
    if (report.type === "ready") return new PartThread(worker, report.port, role);
    await worker.terminate();
    throw fromFailureMessage(report.error, role);
  }

  /** Lets it finish what is under way. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping = true;
    const ended = once(this.#worker, "exit");
    this.#worker.postMessage("stop");
    await ended;
  }
}
