import { Worker } from "node:worker_threads";
import { HarnessError } from "../errors.ts";
import { builtFile } from "../process/built-file.ts";
import { fromFailureMessage } from "../process/failure-message.ts";
import type { LoadTask } from "./load-task.ts";
import type { LoadCommand, LoadMessage } from "./load-worker.ts";
import type { RawObservations } from "./observations.ts";

/** From the last thread's readiness to the common start. */
const START_DELAY_MS = 5;

/**
 * The threads that loads are driven from. They are kept between drives, since a fresh thread would
 * compile its code anew while the clock runs.
 */
export class LoadThreads implements AsyncDisposable {
  #idle: LoadThread[] = [];

  /**
   * Performs the tasks, one a thread, from a common start on.
   * @param onStart Called when all are connected and about to start, on performance.now()'s clock.
   * @throws HarnessError as a thread gave it; the signal's reason if it was aborted.
   */
  async drive(
    tasks: readonly LoadTask[],
    signal: AbortSignal,
    onStart?: (startMs: number) => void,
  ): Promise<RawObservations[]> {
    signal.throwIfAborted();
    const threads = tasks.map(() => this.#idle.pop() ?? new LoadThread());
    let onAbort: (() => void) | null = null;
    const aborted = new Promise<never>((_, reject) => {
      onAbort = () => reject(signal.reason as Error);
      signal.addEventListener("abort", onAbort, { once: true });
    });
    try {
      const observed = await Promise.race([perform(threads, tasks, onStart), aborted]);
      this.#idle.push(...threads);
      return observed;
    } catch (error) {
      // Whatever the others are in the midst of, nobody wants it any more.
      await Promise.all(threads.map((thread) => thread.end()));
      throw error;
    } finally {
      if (onAbort !== null) signal.removeEventListener("abort", onAbort);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const threads = this.#idle;
    this.#idle = [];
    await Promise.all(threads.map((thread) => thread.end()));
  }
}

async function perform(
  threads: readonly LoadThread[],
  tasks: readonly LoadTask[],
  onStart: ((startMs: number) => void) | undefined,
): Promise<RawObservations[]> {
  await Promise.all(threads.map((thread, i) => thread.begin(tasks[i]!)));
  const startMs = performance.now() + START_DELAY_MS;
  const startEpochMs = performance.timeOrigin + startMs;
  onStart?.(startMs);
  return await Promise.all(threads.map((thread) => thread.go(startEpochMs)));
}

class LoadThread {
  readonly #worker = new Worker(builtFile(import.meta.url, "./load-worker.js"));
  #settle: { resolve: (message: LoadMessage) => void; reject: (error: Error) => void } | null =
    null;

  constructor() {
    const fail = (cause: unknown): void => {
      this.#settle?.reject(
        new HarnessError("INTERNAL", "the load's thread ended by itself", { cause }),
      );
    };
    this.#worker.on("message", (message: LoadMessage) => this.#settle?.resolve(message));
    this.#worker.on("error", fail).on("exit", fail);
  }

  /** Gives it a task; resolves when it is ready to begin. */
  async begin(task: LoadTask): Promise<void> {
    await this.#ask({ type: "drive", task });
  }

  async go(startEpochMs: number): Promise<RawObservations> {
    const message = await this.#ask({ type: "go", startEpochMs });
    if (message.type === "observed") return message.observed;
    throw new HarnessError("INTERNAL", `the load's thread said "${message.type}"`);
  }

  async end(): Promise<void> {
    this.#settle = null;
    await this.#worker.terminate();
  }

  async #ask(command: LoadCommand): Promise<LoadMessage> {
    const message = await new Promise<LoadMessage>((resolve, reject) => {
      this.#settle = { resolve, reject };
      this.#worker.postMessage(command);
    });
    if (message.type === "failed") throw fromFailureMessage(message.error, "load");
    return message;
  }
}
