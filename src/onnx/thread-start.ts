import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { builtFile } from "../process/built-file.ts";
import type { EndMessage } from "./session-message.ts";

/** A thread without a session yet. */
export const startThread = (): Worker =>
  new Worker(builtFile(import.meta.url, "./session-worker.js"));

/** Resolves once it has ended. @param worker without a session. */
export async function endThread(worker: Worker): Promise<void> {
  const exited = once(worker, "exit");
  worker.postMessage({ kind: "end" } satisfies EndMessage);
  await exited;
}
