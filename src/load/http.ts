import autocannon from "autocannon";
import type { EventEmitter } from "node:events";
import { type ErrorCode, HarnessError } from "../errors.ts";
import type { HttpTask, StartGate } from "./load-task.ts";
import type { RawObservations } from "./observations.ts";
import { Recorder } from "./recorder.ts";
import { Walk } from "./walk.ts";

/** The recorder says when it is over; autocannon has to be given something. */
const FOR_EVER_SECONDS = 1_000_000;

/** autocannon's client, as it is; its types lack this event and this method. */
interface Connection extends EventEmitter {
  on(event: "request", listener: () => void): this;
  on(event: "response", listener: (status: number) => void): this;
  destroy(): void;
}

/** One connection and the request it has in flight. */
interface Lane {
  request: number;
  sentMs: number;
  isWaiting: boolean;
  hasSent: boolean;
  hasStarted: boolean;
}

/**
 * The closed load over HTTP: autocannon keeps one request in flight on each connection. Only its
 * sending is used: its histogram holds whole milliseconds, its rates invent samples, and once a
 * connection was lost it takes the time of a lost request for that of the next; so each lane keeps
 * its own clock. Runs in the load's thread.
 */
export async function driveHttp(task: HttpTask, gate: StartGate): Promise<RawObservations> {
  const { seconds, unreachableMs } = task;
  const recorder = new Recorder({ seconds, counts: "answered", unreachableMs });
  const walk = new Walk(task.requests, task.startAt, task.stride);
  let lanesToStart = task.connections;
  const onStarted = (nowMs: number): void => {
    if (--lanesToStart === 0) recorder.open(nowMs);
  };
  await gate();
  // Whose request autocannon is building: the first one before it shows the connection.
  let building = newLane();
  // It tells of an answer's body just before, and in the same turn as, of the answer.
  let body = "";
  await autocannon({
    url: `${task.httpAddress}/v1/retrieve`,
    method: "POST",
    headers: {
      "content-type": "application/json",
      // The deadline travels with the request, as gRPC's does; autocannon's own only backs it up.
      "x-deadline-ms": String(task.requestTimeoutMs),
    },
    connections: task.connections,
    timeout: Math.ceil(task.requestTimeoutMs / 1000) + 1,
    duration: FOR_EVER_SECONDS,
    sampleInt: 100,
    ...(task.tls === null ? {} : { tlsOptions: { ca: task.tls.ca, ...task.tls.own } }),
    setupClient: (client) => {
      const connection = client as unknown as Connection;
      const lane = building;
      building = newLane();
      const settle = (nowMs: number): void => {
        if (!lane.hasStarted) onStarted(nowMs);
        lane.hasStarted = true;
        if (recorder.isOver(nowMs)) retire(connection);
      };
      connection.on("request", () => {
        const nowMs = performance.now();
        if (lane.isWaiting) {
          recorder.failure(lost(nowMs - lane.sentMs, task.requestTimeoutMs), nowMs);
          settle(nowMs);
        }
        lane.isWaiting = true;
        lane.sentMs = nowMs;
        // The first was built already; what is built from here on is this lane's.
        if (lane.hasSent) building = lane;
        lane.hasSent = true;
      });
      connection.on("response", (status) => {
        const nowMs = performance.now();
        lane.isWaiting = false;
        const { request, sentMs } = lane;
        if (status === 200) {
          recorder.answer({ request, dueMs: sentMs, sentMs }, nowMs, Buffer.from(body));
        } else recorder.failure(refusal(status, body), nowMs);
        settle(nowMs);
      });
    },
    requests: [
      {
        setupRequest: (request) => {
          building.request = walk.next();
          const bytes = walk.bytesOf(building.request);
          building.sentMs = performance.now();
          return { ...request, body: bytes };
        },
        onResponse: (_status, text) => {
          body = text;
        },
      },
    ],
  });
  return recorder.finish(walk.at);
}

const newLane = (): Lane => ({
  request: 0,
  sentMs: 0,
  isWaiting: false,
  hasSent: false,
  hasStarted: false,
});

/** Ends a lane: its connection sends nothing more. */
function retire(connection: Connection): void {
  connection.removeAllListeners("request").removeAllListeners("response");
  // Not from within its own event, after which it sends once more.
  setImmediate(() => connection.destroy());
}

/** What became of a request whose connection autocannon has replaced. */
function lost(waitedMs: number, timeoutMs: number): HarnessError {
  return waitedMs >= timeoutMs
    ? new HarnessError("DEADLINE", `no answer within ${timeoutMs} ms`)
    : new HarnessError("UNAVAILABLE", "the connection was refused or lost before the answer came");
}

const CODE_OF: Readonly<Record<number, ErrorCode>> = {
  400: "BAD_INPUT",
  429: "OVERLOADED",
  503: "UNAVAILABLE",
  504: "DEADLINE",
};

/** An answer other than 200 as the error it stands for. */
function refusal(status: number, body: string): HarnessError {
  return new HarnessError(CODE_OF[status] ?? "INTERNAL", `HTTP ${status}: ${body.slice(0, 500)}`);
}
