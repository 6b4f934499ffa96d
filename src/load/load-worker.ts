import { parentPort } from "node:worker_threads";
import { type FailureMessage, toFailureMessage } from "../process/failure-message.ts";
import { driveClosed } from "./closed.ts";
import { driveHttp } from "./http.ts";
import type { LoadTask, StartGate } from "./load-task.ts";
import { driveMultiStream } from "./multi-stream.ts";
import type { RawObservations } from "./observations.ts";
import { driveOffline } from "./offline.ts";
import { driveOpenLoop } from "./open-loop.ts";

/** What a load's thread is told: its task, and once all threads are ready, when to begin. */
export type LoadCommand =
  | { readonly type: "drive"; readonly task: LoadTask }
  | { readonly type: "go"; readonly startEpochMs: number };

/** What it answers: that it is ready, then once what it saw. */
export type LoadMessage =
  | { readonly type: "ready" }
  | { readonly type: "observed"; readonly observed: RawObservations }
  | { readonly type: "failed"; readonly error: FailureMessage };

const port = parentPort!;
const send = (message: LoadMessage, transfer: readonly ArrayBuffer[] = []): void =>
  port.postMessage(message, transfer);

let go: (startEpochMs: number) => void = () => {};

/** All threads of a process count from one origin, so an epoch time means the same to each. */
const gate: StartGate = async () => {
  const startEpochMs = await new Promise<number>((resolve) => {
    go = resolve;
    send({ type: "ready" });
  });
  const startMs = startEpochMs - performance.timeOrigin;
  while (performance.now() < startMs) await new Promise(setImmediate);
  return startMs;
};

function perform(task: LoadTask): Promise<RawObservations> {
  switch (task.shape) {
    case "closed":
      return driveClosed(task, gate);
    case "multi-stream":
      return driveMultiStream(task, gate);
    case "offline":
      return driveOffline(task, gate);
    case "open":
      return driveOpenLoop(task, gate);
    case "http":
      return driveHttp(task, gate);
  }
}

async function drive(task: LoadTask): Promise<void> {
  try {
    const observed = await perform(task);
    const { requestOf, latencyMs, doneMs, bytes, offsets } = observed.answers;
    const transfer = [requestOf, latencyMs, doneMs, bytes, offsets].map(({ buffer }) => buffer);
    send({ type: "observed", observed }, transfer);
  } catch (thrown) {
    send({ type: "failed", error: toFailureMessage(thrown) });
  }
}

// A load's thread: all it does is send, wait and count, so that nothing of the harness stands
// between an answer and the clock.
port.on("message", (command: LoadCommand) => {
  if (command.type === "go") go(command.startEpochMs);
  else void drive(command.task);
});
