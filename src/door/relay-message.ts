import type { FailureMessage } from "../process/failure-message.ts";
import type { RetrievalRequest } from "../retrieval/request.ts";
import type { AnswerColumns, AskColumns } from "./relay-columns.ts";
import type { DoorLimits } from "./retriever.ts";
import type { ProcessStats, SystemStats } from "./stats.ts";
import type { ServerTls } from "../process/tls.ts";

// What goes between a door worker and the process of the engine, over the channel of the child
// process. Structured clones; what there is much of goes by column (relay-columns.ts).

/** A request on its way to the engine. */
export interface RelayedAsk {
  readonly id: number;
  readonly request: RetrievalRequest;
  /** Milliseconds since 1970 at which the caller stops waiting, for each process has its own clock. */
  readonly deadlineEpochMs: number;
}

/** A request that was not answered. */
export interface RelayedFailure {
  readonly id: number;
  readonly error: FailureMessage;
}

/** To a door worker. */
export type ToWorker =
  /** With it comes the connection's handle. */
  | { readonly type: "connection"; readonly door: "grpc" | "http" }
  | { readonly type: "answers"; readonly answers: AnswerColumns }
  | { readonly type: "failures"; readonly failures: readonly RelayedFailure[] }
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
  | { readonly type: "asks"; readonly asks: AskColumns }
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
