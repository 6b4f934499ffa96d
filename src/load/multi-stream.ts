import { setTimeout as sleep } from "node:timers/promises";
import { UNREACHABLE_PAUSE_MS } from "./closed.ts";
import { openClient, type LoadClient } from "./load-client.ts";
import type { MultiStreamTask, StartGate } from "./load-task.ts";
import type { RawObservations } from "./observations.ts";
import { Recorder, type Sent } from "./recorder.ts";
import { Walk } from "./walk.ts";

/**
 * Groups of `samples` requests, as a page with that many slots asks them: each group is sent at
 * once, when the last is answered whole, and a request's latency is that of its group's slowest
 * (MLPerf's multi-stream). Runs in the load's thread.
 */
export async function driveMultiStream(
  task: MultiStreamTask,
  gate: StartGate,
): Promise<RawObservations> {
  const { samples, seconds, address, connections, tls, requestTimeoutMs: timeoutMs } = task;
  const client = await openClient(task.client, { address, timeoutMs, connections, tls });
  const recorder = new Recorder({
    seconds,
    counts: "answered",
    unreachableMs: task.unreachableMs,
  });
  const walk = new Walk(task.requests, task.startAt, task.stride);
  try {
    await gate();
    // The first group finds the connection cold.
    await driveGroup(client, walk, recorder, samples);
    recorder.open(performance.now());
    while (!recorder.isOver(performance.now())) {
      const isReachable = await driveGroup(client, walk, recorder, samples);
      if (!isReachable) await sleep(UNREACHABLE_PAUSE_MS);
    }
    return recorder.finish(walk.at);
  } finally {
    client.close();
  }
}

/** Sends a group and waits for all of it. @returns whether the system was there. */
function driveGroup(
  client: LoadClient,
  walk: Walk,
  recorder: Recorder,
  samples: number,
): Promise<boolean> {
  return new Promise((resolve) => {
    const answered: { readonly sent: Sent; readonly bytes: Buffer }[] = [];
    let isReachable = true;
    let left = samples;
    const sentMs = performance.now();
    const settle = (): void => {
      if (--left > 0) return;
      const doneMs = performance.now();
      for (const { sent, bytes } of answered) recorder.answer(sent, doneMs, bytes);
      resolve(isReachable);
    };
    for (let i = 0; i < samples; i++) {
      const request = walk.next();
      client.send(walk.bytesOf(request), (error, bytes) => {
        if (error === null) answered.push({ sent: { request, dueMs: sentMs, sentMs }, bytes });
        else if (recorder.failure(error, performance.now()).code === "UNAVAILABLE") {
          isReachable = false;
        }
        settle();
      });
    }
  });
}
