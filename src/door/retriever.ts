import type { Answer, RetrievalRequest } from "../retrieval/request.ts";
import type { SystemStats } from "./stats.ts";

export interface CallContext {
  /** performance.now() at which the caller stops waiting; Infinity: it waits for ever. */
  readonly deadlineMs: number;
}

/**
 * What stands behind a front door. A request that reaches it is well-formed (k, filter text and
 * vectors are of the right shape); it answers in full or rejects with a HarnessError.
 */
export interface Retriever {
  retrieve(request: RetrievalRequest, context: CallContext): Promise<Answer>;
  stats(): Promise<SystemStats>;
}

/** What the door needs to know to refuse a bad request before it costs anything. */
export interface DoorLimits {
  /** Items in the catalogue: the largest k. */
  readonly items: number;
  /** Length of `user_features`, in float32. */
  readonly userDim: number;
  /** Length of `query_vectors`, in float32: heads x item dim. */
  readonly queryDim: number;
  /** Requests inside the system before the next one is refused (RESOURCE_EXHAUSTED, 429). */
  readonly maxInFlight: number;
}
