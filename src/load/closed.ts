import { openClient, type LoadClient } from "./load-client.ts";
import type { ClosedTask, StartGate } from "./load-task.ts";
import type { RawObservations } from "./observations.ts";
import { Recorder } from "./recorder.ts";
import { Walk } from "./walk.ts";

/** Pause of a lane after a failure to reach the system: retrying at once only burns CPU. */
export const UNREACHABLE_PAUSE_MS = 20;

/**
 * The closed load: `inFlight` lanes, each sending its next request as soon as it has the answer to
 * the last. The window opens once every lane has had its first outcome. Runs in the load's thread.
 */
export async function driveClosed(task: ClosedTask, gate: StartGate): Promise<RawObservations> {
  const { inFlight, seconds, address, connections, tls, requestTimeoutMs: timeoutMs } = task;
  const client = await openClient(task.client, { address, timeoutMs, connections, tls });
  const recorder = new Recorder({
    seconds,
    counts: "answered",
    unreachableMs: task.unreachableMs,
  });
  const walk = new Walk(task.requests, task.startAt, task.stride);
  try {
    await gate();
    let lanesToStart = inFlight;
    const onStarted = (nowMs: number): void => {
      if (--lanesToStart === 0) recorder.open(nowMs);
    };
    await Promise.all(
      Array.from({ length: inFlight }, () => driveLane(client, walk, recorder, onStarted)),
    );
    return recorder.finish(walk.at);
  } finally {
    client.close();
  }
}

/** One lane, until the window is over. Callbacks all the way: a promise a request would show. */
function driveLane(
  client: LoadClient,
  walk: Walk,
  recorder: Recorder,
  onStarted: (nowMs: number) => void,
): Promise<void> {
  return new Promise((resolve) => {
    let isFirst = true;
    const sendNext = (): void => {
      const request = walk.next();
      const sentMs = performance.now();
      client.send(walk.bytesOf(request), (error, answer) => {
        const doneMs = performance.now();
        let isReachable = true;
        if (error === null) recorder.answer({ request, dueMs: sentMs, sentMs }, doneMs, answer);
        else isReachable = recorder.failure(error, doneMs).code !== "UNAVAILABLE";
        if (isFirst) onStarted(doneMs);
        isFirst = false;
        if (recorder.isOver(doneMs)) resolve();
        else if (isReachable) sendNext();
        else setTimeout(sendNext, UNREACHABLE_PAUSE_MS);
      });
    };
    sendNext();
  });
}
