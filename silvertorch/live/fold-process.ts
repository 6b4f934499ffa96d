import type { HarnessError } from "../../src/errors.ts";
import { builtFile } from "../../src/process/built-file.ts";
import { fromFailureMessage } from "../../src/process/failure-message.ts";
import { ServiceProcess } from "../../src/process/service-process.ts";
import type { FoldConfig, FoldMessage, FoldReply, FoldResult } from "./fold-service.ts";

const ROLE = "fold";

/** A fold tells nothing while it waits for a CPU, which may be long. */
const SILENT_MS = 30 * 60_000;

/**
 * The process that folds, on the CPUs of the model. It stays from one fold to the next: to start it and
 * to make its code fast again takes as long as half of a fold. It holds no items meanwhile.
 */
export class FoldProcess implements AsyncDisposable {
  #process: ServiceProcess<object> | null = null;
  /** Of the fold that is under way. */
  #onReply: (reply: FoldReply) => void = () => {};

  /**
   * One fold at a time.
   * @throws HarnessError as the fold or the death of its process gave it; the signal's reason if it
   *   was aborted, and then the process has ended.
   */
  async fold(config: FoldConfig, signal: AbortSignal): Promise<FoldResult> {
    signal.throwIfAborted();
    const child = (this.#process ??= await this.#start(signal));
    let onAbort = (): void => {};
    const aborted = new Promise<never>((_, reject) => {
      onAbort = () => reject(signal.reason as Error);
      signal.addEventListener("abort", onAbort, { once: true });
    });
    const died = child.died.then((error: HarnessError): never => {
      throw error;
    });
    const replied = new Promise<FoldReply>((resolve) => (this.#onReply = resolve));
    try {
      child.send({ type: "fold", config } satisfies FoldMessage);
      const reply = await Promise.race([replied, died, aborted]);
      if (reply.type === "folded") return reply.result;
      throw fromFailureMessage(reply.error, ROLE);
    } catch (error) {
      // Whatever it is in the midst of, nobody wants it any more.
      await this.#end();
      throw error;
    } finally {
      signal.removeEventListener("abort", onAbort);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#end();
  }

  async #start(signal: AbortSignal): Promise<ServiceProcess<object>> {
    const started = await ServiceProcess.start<object, object>({
      file: builtFile(import.meta.url, "./fold-service.js"),
      role: ROLE,
      config: {},
      cpus: null,
      signal,
      startTimeoutMs: SILENT_MS,
      nodeFlags: ["--expose-gc"],
    });
    started.onMessage((message) => this.#onReply(message as FoldReply));
    void this.#forget(started);
    return started;
  }

  async #forget(child: ServiceProcess<object>): Promise<void> {
    await child.died;
    if (this.#process === child) this.#process = null;
  }

  async #end(): Promise<void> {
    const child = this.#process;
    this.#process = null;
    await child?.[Symbol.asyncDispose]();
  }
}
