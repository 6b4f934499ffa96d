import type { RetrievalRequest } from "../retrieval/request.ts";
import type { Schedule } from "./server.ts";

/** Requests with their times, as they were recorded at a door or written by hand. */
export interface Trace {
  readonly requests: readonly RetrievalRequest[];
  /** [requests] milliseconds since the first, ascending. */
  readonly atMs: Float64Array;
}

/** The trace's own times, at a multiple of its speed. All of it is measured. */
export function replaySchedule({ atMs }: Trace, speed: number): Schedule {
  const dueMs = atMs.map((ms) => ms / speed);
  // A window holds the last request too, and is never without length.
  const seconds = Math.max((dueMs.at(-1)! + 1) / 1000, 0.001);
  return { dueMs, runUpMs: 0, seconds };
}
