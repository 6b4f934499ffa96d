import { setTimeout as sleep } from "node:timers/promises";
import { connectDoor, type DoorClient } from "../door/client.ts";
import { type ClosedTask, Walk } from "./load-task.ts";
import type { RawObservations } from "./observations.ts";
import { Recorder } from "./recorder.ts";

/** Pause of a lane after a failure to reach the system: retrying at once only burns CPU. */
const UNREACHABLE_PAUSE_MS = 20;

const CONNECT_MS = 3_000;

/**
 * The closed load over gRPC: `inFlight` lanes, each sending its next request as soon as it has the
 * answer to the last. Runs in the load's thread.
 */
export async function driveClosed(task: ClosedTask): Promise<RawObservations> {
  const client = connectDoor(task.address);
  const recorder = new Recorder(task.seconds, task.inFlight);
  const walk = new Walk(task.requests, task.startAt);
  try {
    await client.waitUntilServing(CONNECT_MS, new AbortController().signal);
    const lane = (): Promise<void> => driveLane(client, walk, recorder, task.requestTimeoutMs);
    await Promise.all(Array.from({ length: task.inFlight }, lane));
    return recorder.finish(walk.at);
  } finally {
    client.close();
  }
}

async function driveLane(
  client: DoorClient,
  walk: Walk,
  recorder: Recorder,
  requestTimeoutMs: number,
): Promise<void> {
  const options = { timeoutMs: requestTimeoutMs };
  let isFirst = true;
  let doneMs = performance.now();
  while (!recorder.isOver(doneMs)) {
    const request = walk.next();
    const bytes = walk.bytesOf(request);
    try {
      const sentMs = performance.now();
      const answer = await client.retrieveEncoded(bytes, options);
      doneMs = performance.now();
      recorder.answer(request, sentMs, doneMs, answer);
    } catch (thrown) {
      doneMs = performance.now();
      const { code } = recorder.failure(thrown, doneMs);
      if (code === "UNAVAILABLE") await sleep(UNREACHABLE_PAUSE_MS);
    }
    if (isFirst) recorder.laneStarted(doneMs);
    isFirst = false;
  }
}
