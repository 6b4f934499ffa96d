import type { Answer, RetrievalRequest } from "../retrieval/request.ts";
import type { DoorLimits } from "./retriever.ts";
import type { SystemStats } from "./stats.ts";

/** A request as it came through either door. */
export interface Arrival {
  readonly request: RetrievalRequest;
  /** performance.now() at which the caller stops waiting; Infinity: never. */
  readonly deadlineMs: number;
}

/**
 * Where both doors (gRPC and HTTP) hand in what arrives: the admission control of their own
 * process, or the way to it from a door worker.
 */
export interface Desk {
  readonly limits: DoorLimits;
  /**
   * Answers one request.
   * @param read Makes the request of what came over the wire; what it throws is counted too.
   */
  retrieve(read: () => Arrival): Promise<Answer>;
  stats(): Promise<SystemStats>;
}
