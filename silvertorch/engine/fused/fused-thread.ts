import { Worker } from "node:worker_threads";
import type { DeviceStats } from "../../../src/door/stats.ts";
import { HarnessError } from "../../../src/errors.ts";
import { unpackError } from "../../../src/onnx/session-message.ts";
import { builtFile } from "../../../src/process/built-file.ts";
import type { EngineEvents } from "../engine.ts";
import type { FusedRunner } from "./fused-engine.ts";
import type { PackedAnswers } from "./answers.ts";
import type { FromFused, FusedMemory, FusedThreadOptions, ToFused } from "./fused-message.ts";
import { LANES } from "./fused-model.ts";
import type { PackedBatch } from "./pack-batch.ts";

interface Pending {
  readonly resolve: (answers: PackedAnswers) => void;
  readonly reject: (error: HarnessError) => void;
}

/** A model on a device, in a thread of its own. */
export class FusedThread implements FusedRunner {
  readonly lanes = LANES;
  readonly clusters: number;
  readonly width: number;
  readonly #worker: Worker;
  readonly #pending = new Map<number, Pending>();
  readonly #exited: Promise<void>;
  #device: DeviceStats;
  #lastId = 0;
  #ended: HarnessError | null = null;

  private constructor(
    worker: Worker,
    { clusters, width, device }: Opened,
    { onTimes, onProgress }: EngineEvents,
  ) {
    this.#worker = worker;
    this.clusters = clusters;
    this.width = width;
    this.#device = device;
    worker.on("message", (message: FromFused) => {
      if (message.kind === "times") onTimes(message.times);
      else if (message.kind === "progress") onProgress(message.phase);
      else this.#receive(message);
    });
    worker.on("error", (cause) =>
      this.#end(new HarnessError("UNAVAILABLE", "the device's thread failed", { cause })),
    );
    this.#exited = new Promise((resolve) => {
      worker.on("exit", () => {
        this.#end(new HarnessError("UNAVAILABLE", "the device's thread has ended"));
        resolve();
      });
    });
  }

  /** @throws HarnessError as openModel does, and UNAVAILABLE if there is no GPU that will do. */
  static async open(options: FusedThreadOptions, events: EngineEvents): Promise<FusedThread> {
    const worker = new Worker(builtFile(import.meta.url, "./fused-worker.js"), {
      workerData: options,
    });
    try {
      return new FusedThread(worker, await opened(worker, events), events);
    } catch (error) {
      await worker.terminate();
      throw error;
    }
  }

  get devices(): readonly DeviceStats[] {
    return [this.#device];
  }

  /** The batch's arrays are handed over, not copied. */
  run(batch: PackedBatch): Promise<PackedAnswers> {
    if (this.#ended !== null) return Promise.reject(this.#ended);
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { resolve, reject });
      const { words, bonuses, users, fresh, ranked } = batch;
      const ofRanked = ranked === null ? [] : [ranked.embeddings, ranked.barred, ...ranked.sources];
      const arrays = [words, users.users, users.given, ...ofRanked];
      const buffers = new Set(arrays.map(({ buffer }) => buffer));
      if (bonuses !== null) buffers.add(bonuses.buffer);
      const { buffer, length } = fresh.items;
      if (length > 0 && buffer instanceof ArrayBuffer) buffers.add(buffer);
      this.#send({ kind: "run", id, batch }, [...buffers]);
    });
  }

  /**
   * What the thread holds when nothing is under way.
   * @throws HarnessError UNAVAILABLE if it ends instead.
   */
  async memory(): Promise<FusedMemory> {
    const told = new Promise<FusedMemory>((resolve) => {
      const onMessage = (message: FromFused): void => {
        if (message.kind !== "memory") return;
        this.#worker.off("message", onMessage);
        resolve(message.memory);
      };
      this.#worker.on("message", onMessage);
    });
    this.#send({ kind: "memory" });
    const ended = this.#exited.then(() => {
      throw this.#ended!;
    });
    return await Promise.race([told, ended]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#end(new HarnessError("UNAVAILABLE", "the device's thread is closed"));
    this.#send({ kind: "close" });
    await this.#exited;
  }

  #send(message: ToFused, transfer: ArrayBuffer[] = []): void {
    this.#worker.postMessage(message, transfer);
  }

  #receive(message: FromFused): void {
    if (message.kind !== "answers" && message.kind !== "error") return;
    const pending = this.#pending.get(message.id);
    this.#pending.delete(message.id);
    if (message.kind === "error") {
      pending?.reject(unpackError(message.error));
      return;
    }
    this.#device = message.device;
    pending?.resolve(message.answers);
  }

  #end(error: HarnessError): void {
    this.#ended ??= error;
    for (const { reject } of this.#pending.values()) reject(this.#ended);
    this.#pending.clear();
  }
}

type Opened = FromFused & { readonly kind: "open" };

function opened(worker: Worker, { onProgress }: EngineEvents): Promise<Opened> {
  return new Promise((resolve, reject) => {
    const settle = (end: () => void): void => {
      worker.off("message", onMessage).off("error", onError).off("exit", onExit);
      end();
    };
    const onMessage = (message: FromFused): void => {
      if (message.kind === "progress") onProgress(message.phase);
      if (message.kind === "open") settle(() => resolve(message));
      if (message.kind === "failed") settle(() => reject(unpackError(message.error)));
    };
    const failed = (cause?: Error): HarnessError =>
      new HarnessError("INTERNAL", "the device's thread failed to start", { cause });
    const onError = (cause: Error): void => settle(() => reject(failed(cause)));
    const onExit = (): void => settle(() => reject(failed()));
    worker.on("message", onMessage).on("error", onError).on("exit", onExit);
  });
}
