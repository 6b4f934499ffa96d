import { parentPort, workerData } from "node:worker_threads";
import { type FailureMessage, toFailureMessage } from "../process/failure-message.ts";
import { driveClosed } from "./closed.ts";
import { driveHttp } from "./http.ts";
import type { LoadTask } from "./load-task.ts";
import type { RawObservations } from "./observations.ts";

/** What the load's thread sends, once. */
export type LoadMessage =
  | { readonly type: "observed"; readonly observed: RawObservations }
  | { readonly type: "failed"; readonly error: FailureMessage };

const send = (message: LoadMessage, transfer: readonly ArrayBuffer[] = []): void =>
  parentPort!.postMessage(message, transfer);

// The load's thread: all it does is send, wait and count, so that nothing of the harness stands
// between an answer and the clock.
const task = workerData as LoadTask;
try {
  const observed = await (task.shape === "closed" ? driveClosed(task) : driveHttp(task));
  const { requestOf, bytes, offsets } = observed.answers;
  send({ type: "observed", observed }, [requestOf.buffer, bytes.buffer, offsets.buffer]);
} catch (thrown) {
  send({ type: "failed", error: toFailureMessage(thrown) });
}
