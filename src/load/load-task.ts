import type { ClientTls } from "../process/tls.ts";
import type { ClientKind } from "./load-client.ts";
import type { RequestBytes } from "./request-bytes.ts";

/** What every task of a load's thread says; a task crosses a thread boundary. */
interface TaskBase {
  readonly requests: RequestBytes;
  /** This thread's first request in the walk, which wraps around. */
  readonly startAt: number;
  /** The thread takes each `stride`-th request: as many as there are threads. */
  readonly stride: number;
  readonly requestTimeoutMs: number;
  /** How long failures to reach the system are borne; absent: a second. */
  readonly unreachableMs?: number | undefined;
}

interface GrpcTaskBase extends TaskBase {
  /** host:port */
  readonly address: string;
  readonly client: ClientKind;
  /** null: without. */
  readonly tls: ClientTls | null;
  /** TCP connections that this thread's requests are spread over. */
  readonly connections: number;
}

/** Lanes that each send their next request on the answer to the last. */
export interface ClosedTask extends GrpcTaskBase {
  readonly shape: "closed";
  readonly inFlight: number;
  readonly seconds: number;
}

/** Groups of requests, each sent when the last group is answered whole. */
export interface MultiStreamTask extends GrpcTaskBase {
  readonly shape: "multi-stream";
  /** Requests in a group. */
  readonly samples: number;
  readonly seconds: number;
}

/** All requests are due at once, and are sent as fast as they are let in. */
export interface OfflineTask extends GrpcTaskBase {
  readonly shape: "offline";
  readonly count: number;
  readonly maxInFlight: number;
  /** Nothing is sent any more after this time. */
  readonly seconds: number;
}

/** Requests that are due at times fixed beforehand. */
export interface OpenTask extends GrpcTaskBase {
  readonly shape: "open";
  /** [requests to send] milliseconds from the start, ascending; the i-th request of the walk each. */
  readonly dueMs: Float64Array;
  /** The window opens this long after the start, and what is due before is not measured. */
  readonly runUpMs: number;
  readonly seconds: number;
  /** With so many under way the load stops: the system is overloaded. */
  readonly maxInFlight: number;
}

export interface HttpTask extends TaskBase {
  readonly shape: "http";
  readonly httpAddress: string;
  /** null: without. */
  readonly tls: ClientTls | null;
  readonly connections: number;
  readonly seconds: number;
}

export type GrpcTask = ClosedTask | MultiStreamTask | OfflineTask | OpenTask;
export type LoadTask = GrpcTask | HttpTask;

/** Resolves when every thread of a load is ready, with the common start on performance.now()'s clock. */
export type StartGate = () => Promise<number>;
