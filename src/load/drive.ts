import { answerFromJson, requestToJson } from "../door/http-json.ts";
import { answerFromBytes, requestToBytes } from "../door/retrieval-service.ts";
import { HarnessError } from "../errors.ts";
import type { Answer, RetrievalRequest } from "../retrieval/request.ts";
import type { System } from "../system.ts";
import { framed } from "./frame.ts";
import type { ClientKind } from "./load-client.ts";
import type { LoadTask } from "./load-task.ts";
import { LoadThreads } from "./load-threads.ts";
import { mergeObservations } from "./merge-observations.ts";
import type { Observations } from "./observations.ts";
import { requestBytes } from "./request-bytes.ts";
import type { Schedule } from "./server.ts";

/** A load, ready to be performed: nothing of it is to be chosen any more. */
export type Drive =
  | {
      readonly shape: "closed";
      readonly inFlight: number;
      readonly client: ClientKind;
      readonly connections: number;
    }
  | {
      readonly shape: "multi-stream";
      readonly samples: number;
      readonly client: ClientKind;
      readonly connections: number;
    }
  | {
      readonly shape: "offline";
      readonly count: number;
      readonly maxInFlight: number;
      readonly client: ClientKind;
      readonly connections: number;
    }
  | {
      readonly shape: "open";
      readonly schedule: Schedule;
      readonly maxInFlight: number;
      readonly client: ClientKind;
      readonly connections: number;
    }
  | { readonly shape: "http"; readonly connections: number };

export interface DriveOptions {
  readonly system: Pick<System, "address" | "httpAddress" | "tls">;
  readonly load: Drive;
  readonly requests: readonly RetrievalRequest[];
  /** Index of the first request in the walk, which wraps around. */
  readonly startAt: number;
  /** Length of the measured window; a schedule brings its own. */
  readonly seconds: number;
  /** How long a request may take before it counts as an error. */
  readonly requestTimeoutMs: number;
  /** How long failures to reach the system are borne; absent: a second. */
  readonly unreachableMs?: number | undefined;
  /** Threads that the load may be spread over; default 1. */
  readonly threads?: number;
  /** Called when all threads are connected and about to start, on performance.now()'s clock. */
  readonly onStart?: ((startMs: number) => void) | undefined;
  readonly signal: AbortSignal;
}

const toFrame = (request: RetrievalRequest): Buffer => framed(requestToBytes(request));
const toJsonBytes = (request: RetrievalRequest): Buffer => Buffer.from(requestToJson(request));
const fromJsonBytes = (bytes: Buffer): Answer => answerFromJson(bytes.toString());

/**
 * Drives a load onto a system. Ends promptly, with the errors counted, if the system cannot be
 * reached any more.
 * @param threads where it is driven from.
 * @throws HarnessError UNAVAILABLE if the system does not serve when it starts, BAD_INPUT if the
 *   load needs a door that the system lacks; the signal's reason if it was aborted.
 */
export async function driveFrom(
  threads: LoadThreads,
  options: DriveOptions,
): Promise<Observations> {
  const { requests, signal, load } = options;
  signal.throwIfAborted();
  if (requests.length === 0) throw new HarnessError("BAD_INPUT", "there are no requests to send");
  const isHttp = load.shape === "http";
  const encoded = await requestBytes(requests, isHttp ? toJsonBytes : toFrame);
  const count = threadsFor(load, options.threads ?? 1);
  const tasks = Array.from({ length: count }, (_, thread): LoadTask => {
    const base = {
      requests: encoded,
      startAt: options.startAt + thread,
      stride: count,
      requestTimeoutMs: options.requestTimeoutMs,
      unreachableMs: options.unreachableMs,
    };
    return { ...base, ...taskOf(options, thread, count) };
  });
  const observed = await threads.drive(tasks, signal, options.onStart);
  return mergeObservations(observed, isHttp ? fromJsonBytes : answerFromBytes);
}

/** `driveFrom` threads of its own, which end with it. */
export async function drive(options: DriveOptions): Promise<Observations> {
  await using threads = new LoadThreads();
  return await driveFrom(threads, options);
}

/** A thread more than there are lanes would have nothing to do. */
function threadsFor(load: Drive, threads: number): number {
  switch (load.shape) {
    case "closed":
      return Math.min(threads, load.inFlight);
    case "offline":
      return Math.min(threads, load.maxInFlight, load.count);
    case "open":
      return Math.min(threads, load.maxInFlight);
    // Groups wait for each other; autocannon brings one loop of its own.
    case "multi-stream":
    case "http":
      return 1;
  }
}

type ShapeOf<Task> = Task extends LoadTask
  ? Omit<Task, "requests" | "startAt" | "stride" | "requestTimeoutMs" | "unreachableMs">
  : never;

/** One thread's part of the load. */
function taskOf(options: DriveOptions, thread: number, threads: number): ShapeOf<LoadTask> {
  const { load, system, seconds } = options;
  const { tls = null } = system;
  const share = (of: number): number => Math.floor((of + threads - 1 - thread) / threads);
  if (load.shape === "http") {
    return { ...load, seconds, tls, httpAddress: httpDoor(system.httpAddress) };
  }
  const { address } = system;
  const connections = Math.max(1, share(load.connections));
  switch (load.shape) {
    case "closed":
      return { ...load, address, tls, connections, seconds, inFlight: share(load.inFlight) };
    case "multi-stream":
      return { ...load, address, tls, connections, seconds };
    case "offline": {
      const { count, maxInFlight } = load;
      return {
        ...load,
        address,
        tls,
        connections,
        seconds,
        count: share(count),
        maxInFlight: share(maxInFlight),
      };
    }
    case "open": {
      const { schedule, maxInFlight, client } = load;
      return {
        shape: "open",
        address,
        tls,
        client,
        connections,
        dueMs: schedule.dueMs.filter((_, i) => i % threads === thread),
        runUpMs: schedule.runUpMs,
        seconds: schedule.seconds,
        maxInFlight: share(maxInFlight),
      };
    }
  }
}

function httpDoor(httpAddress: string | null): string {
  if (httpAddress !== null) return httpAddress;
  throw new HarnessError("BAD_INPUT", "an http load needs a system with an HTTP door", {
    hint: "choose the closed load, which speaks gRPC",
  });
}
