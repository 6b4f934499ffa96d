import type { Worker } from "node:worker_threads";
import { endThread } from "./thread-start.ts";

/**
 * Threads of sessions that take each other's place: one whose session was closed waits for the next,
 * for to start a thread and to load its code takes longer than to open a session, and on a processor
 * the memory of the last one is the next one's. One waits at most.
 */
export class SessionThreads implements AsyncDisposable {
  #waiting: Worker | null = null;
  #isOver = false;
  readonly #forget = (): void => {
    this.#waiting = null;
  };

  /** The one that waits, which is the caller's from then on; null: none does. */
  take(): Worker | null {
    const worker = this.#waiting;
    this.#waiting = null;
    worker?.off("error", this.#forget).off("exit", this.#forget);
    return worker;
  }

  /** @param worker without a session. @returns whether it waits; else it is for the caller to end. */
  keep(worker: Worker): boolean {
    if (this.#isOver || this.#waiting !== null) return false;
    this.#waiting = worker.on("error", this.#forget).on("exit", this.#forget);
    return true;
  }

  /** Ends the one that waits; none waits from then on. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOver = true;
    const worker = this.take();
    if (worker !== null) await endThread(worker);
  }
}
