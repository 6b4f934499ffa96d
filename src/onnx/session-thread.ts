import type { Worker } from "node:worker_threads";
import { HarnessError } from "../errors.ts";
import { keepFloatsWhole } from "./device.ts";
import type { HostTensor } from "./element-type.ts";
import type { Placement } from "./placement.ts";
import {
  buffersOf,
  lentOf,
  unpackError,
  type CloseMessage,
  type OpenMessage,
  type PlacementsMessage,
  type RunMessage,
  type SessionMessage,
} from "./session-message.ts";
import type { SessionThreads } from "./session-threads.ts";
import type { SessionOptions } from "./session.ts";
import { endThread, startThread } from "./thread-start.ts";

type Results = Readonly<Record<string, HostTensor>>;

interface Pending {
  readonly resolve: (reply: Results | readonly Placement[]) => void;
  readonly reject: (error: HarnessError) => void;
}

/** Called if the thread ends without having been closed: nothing is answered from then on. */
export type OnDied = (error: HarnessError) => void;

/** A session in a thread of its own, so that the thread which asks it keeps serving meanwhile. */
export class SessionThread implements AsyncDisposable {
  readonly #worker: Worker;
  readonly #threads: SessionThreads | null;
  readonly #onDied: OnDied | null;
  readonly #pending = new Map<number, Pending>();
  readonly inputNames: readonly string[];
  /** Once its session is closed, or it has ended. */
  readonly #closed: Promise<void>;
  #onClosed: () => void = () => {};
  #closing: Promise<void> | null = null;
  #hasExited = false;
  #lastId = 0;
  #ended: HarnessError | null = null;

  private constructor(
    worker: Worker,
    inputNames: readonly string[],
    {
      onDied,
      threads,
    }: { readonly onDied: OnDied | undefined; readonly threads: SessionThreads | null },
  ) {
    this.#worker = worker;
    this.#threads = threads;
    this.#onDied = onDied ?? null;
    this.inputNames = inputNames;
    this.#closed = new Promise((resolve) => (this.#onClosed = resolve));
    worker.on("message", this.#onMessage).on("error", this.#onError).on("exit", this.#onExit);
  }

  /**
   * @param threads where its thread comes from, and where it waits for another session after this
   *   one; absent: it is for this one alone.
   * @throws HarnessError DATA if the graph is missing or cannot be loaded.
   */
  static async open(
    options: SessionOptions,
    onDied?: OnDied,
    threads: SessionThreads | null = null,
  ): Promise<SessionThread> {
    keepFloatsWhole(options.device);
    const worker = threads?.take() ?? startThread();
    try {
      const inputNames = await opened(worker, options);
      return new SessionThread(worker, inputNames, { onDied, threads });
    } catch (error) {
      await worker.terminate();
      throw error;
    }
  }

  /**
   * Runs the graph once. The feeds' arrays are handed over, not copied, where they own their
   * whole buffer: the caller must not touch them again. What is on shared memory stays the caller's.
   * @param lent Names of feeds that come back among the results, to be used again: each on a buffer
   *   of its own, of which it may be a part. If the run fails they are lost.
   */
  async run(feeds: Results, lent: readonly string[] = []): Promise<Results> {
    const reply = await this.#ask((id) => {
      const message: RunMessage = { kind: "run", id, feeds, lent };
      const buffers = new Set([...buffersOf(feeds), ...lentOf(feeds, lent).buffers]);
      this.#worker.postMessage(message, [...buffers]);
    });
    return reply as Results;
  }

  /**
   * Where the nodes that ran so far ran; nothing is recorded after it.
   * @throws HarnessError INTERNAL if the session was not opened to record it.
   */
  async placements(): Promise<readonly Placement[]> {
    const reply = await this.#ask((id) => {
      const message: PlacementsMessage = { kind: "placements", id };
      this.#worker.postMessage(message);
    });
    return reply as readonly Placement[];
  }

  /** Runs still under way are rejected; the session is closed once the one it is at is done. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#end(new HarnessError("UNAVAILABLE", "the session is closed"));
    await (this.#closing ??= this.#close());
  }

  async #close(): Promise<void> {
    const worker = this.#worker;
    worker.postMessage({ kind: "close" } satisfies CloseMessage);
    await this.#closed;
    worker.off("message", this.#onMessage).off("error", this.#onError).off("exit", this.#onExit);
    if (this.#hasExited || this.#threads?.keep(worker) === true) return;
    await endThread(worker);
  }

  readonly #onMessage = (message: SessionMessage): void => this.#receive(message);

  readonly #onError = (cause: Error): void => {
    this.#end(new HarnessError("INTERNAL", "the session's thread failed", { cause }));
    this.#onDied?.(this.#ended!);
  };

  readonly #onExit = (): void => {
    this.#hasExited = true;
    const closed = this.#ended !== null;
    this.#end(new HarnessError("UNAVAILABLE", "the session's thread has ended"));
    if (!closed) this.#onDied?.(this.#ended!);
    this.#onClosed();
  };

  #ask(send: (id: number) => void): Promise<Results | readonly Placement[]> {
    if (this.#ended !== null) return Promise.reject(this.#ended);
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { resolve, reject });
      send(id);
    });
  }

  #receive(message: SessionMessage): void {
    if (message.kind === "opened" || message.kind === "failed") return;
    if (message.kind === "closed") {
      this.#onClosed();
      return;
    }
    const pending = this.#pending.get(message.id);
    this.#pending.delete(message.id);
    if (message.kind === "result") pending?.resolve(message.results);
    else if (message.kind === "placements") pending?.resolve(message.placements);
    else pending?.reject(unpackError(message.error));
  }

  #end(error: HarnessError): void {
    this.#ended ??= error;
    for (const { reject } of this.#pending.values()) reject(this.#ended);
    this.#pending.clear();
  }
}

function opened(worker: Worker, options: SessionOptions): Promise<readonly string[]> {
  return new Promise((resolve, reject) => {
    const settle = (end: () => void): void => {
      worker.off("message", onMessage).off("error", onError).off("exit", onExit);
      end();
    };
    const onMessage = (message: SessionMessage): void => {
      if (message.kind === "opened") settle(() => resolve(message.inputNames));
      if (message.kind === "failed") settle(() => reject(unpackError(message.error)));
    };
    const onError = (cause: Error): void =>
      settle(() =>
        reject(new HarnessError("INTERNAL", "the session's thread failed to start", { cause })),
      );
    const onExit = (code: number): void =>
      settle(() =>
        reject(new HarnessError("INTERNAL", `the session's thread ended with code ${code}`)),
      );
    worker.on("message", onMessage).on("error", onError).on("exit", onExit);
    worker.postMessage({ kind: "open", options } satisfies OpenMessage);
  });
}
