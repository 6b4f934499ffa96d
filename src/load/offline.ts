import { UNREACHABLE_PAUSE_MS } from "./closed.ts";
import { openClient } from "./load-client.ts";
import type { OfflineTask, StartGate } from "./load-task.ts";
import type { RawObservations } from "./observations.ts";
import { Recorder } from "./recorder.ts";
import { Walk } from "./walk.ts";

/**
 * All requests are due at once and are sent as fast as the system lets them in (MLPerf's offline):
 * the batch job. Latency counts from the start, so a request's waiting for its turn is in it; the
 * window ends with the last answer. Runs in the load's thread.
 */
export async function driveOffline(task: OfflineTask, gate: StartGate): Promise<RawObservations> {
  const {
    count,
    maxInFlight,
    seconds,
    address,
    connections,
    tls,
    requestTimeoutMs: timeoutMs,
  } = task;
  const client = await openClient(task.client, { address, timeoutMs, connections, tls });
  const recorder = new Recorder({ seconds, counts: "due" });
  const walk = new Walk(task.requests, task.startAt, task.stride);
  try {
    const startMs = await gate();
    recorder.open(startMs);
    await new Promise<void>((resolve) => {
      let toSend = count;
      let underWay = 0;
      const fill = (): void => {
        while (toSend > 0 && underWay < maxInFlight && !recorder.isOver(performance.now())) {
          toSend--;
          underWay++;
          sendOne();
        }
        if (underWay > 0) return;
        recorder.giveUpOn(toSend);
        resolve();
      };
      const sendOne = (): void => {
        const request = walk.next();
        const sent = { request, dueMs: startMs, sentMs: performance.now() };
        recorder.offered();
        client.send(walk.bytesOf(request), (error, answer) => {
          const doneMs = performance.now();
          underWay--;
          if (error === null) recorder.answer(sent, doneMs, answer);
          else if (recorder.failure(error, doneMs).code === "UNAVAILABLE") {
            setTimeout(fill, UNREACHABLE_PAUSE_MS);
            return;
          }
          fill();
        });
      };
      fill();
    });
    recorder.end(performance.now());
    return recorder.finish(walk.at);
  } finally {
    client.close();
  }
}
