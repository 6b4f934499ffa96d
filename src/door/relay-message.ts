import type { FailureMessage } from "../process/failure-message.ts";
import type { Answer, RetrievalRequest } from "../retrieval/request.ts";
import type { DoorLimits } from "./retriever.ts";
import type { ProcessStats, SystemStats } from "./stats.ts";
import type { ServerTls } from "../process/tls.ts";

// What goes between a door worker and the process of the engine, over the channel of the child
// process. Structured clones: typed arrays stay what they are.

/** A request on its way to the engine. */
export interface RelayedAsk {
  readonly id: number;
  readonly request: RetrievalRequest;
  /** Milliseconds since 1970 at which the caller stops waiting, for each process has its own clock. */
  readonly deadlineEpochMs: number;
}

/** What became of it. */
export type RelayedAnswer =
  | { readonly id: number; readonly answer: Answer }
  | { readonly id: number; readonly error: FailureMessage };

/** To a door worker. */
export type ToWorker =
  /** With it comes the connection's handle. */
  | { readonly type: "connection"; readonly door: "grpc" | "http" }
  | { readonly type: "answers"; readonly answers: readonly RelayedAnswer[] }
  | { readonly type: "limits"; readonly limits: DoorLimits }
  | { readonly type: "usage"; readonly id: number }
  | { readonly type: "stats"; readonly id: number; readonly stats: SystemStats }
  | { readonly type: "stats"; readonly id: number; readonly error: FailureMessage };

/** What a door worker has used since it started, and the traffic that it counted. */
export interface WorkerUsage {
  readonly process: ProcessStats;
  readonly counters: ReadonlyMap<string, number>;
}

/** From a door worker. */
export type FromWorker =
  | { readonly type: "asks"; readonly asks: readonly RelayedAsk[] }
  /** A request that was not well-formed, for the counters. */
  | { readonly type: "bad"; readonly error: FailureMessage }
  | ({ readonly type: "usage"; readonly id: number } & WorkerUsage)
  | { readonly type: "stats"; readonly id: number };

export interface DoorWorkerConfig {
  readonly limits: DoorLimits;
  readonly tls: ServerTls | null;
}

/** The word for a door worker in reports and process lists. */
export const DOOR_ROLE = "door";
