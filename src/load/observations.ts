import type { Histogram } from "../math/histogram.ts";
import type { ThreadUsage } from "../measure/event-loop.ts";
import type { SealedAnswers } from "./answer-store.ts";
import type { KeptAnswers } from "./kept-answers.ts";

/** Failures of one kind. */
export interface ErrorTally {
  readonly count: number;
  /** The message of the first. */
  readonly example: string;
}

/** What a drive saw, as it comes from the load's thread. */
export interface RawObservations {
  readonly seconds: number;
  readonly completed: number;
  readonly answered: number;
  readonly offered: number | null;
  readonly late: number;
  readonly unsent: number;
  readonly errors: ReadonlyMap<string, ErrorTally>;
  readonly failuresMs: Float64Array;
  /** HdrHistogram (V2, base64), microseconds. */
  readonly latency: string;
  readonly sendLatency: string | null;
  readonly perSecond: { readonly completed: readonly number[] };
  readonly unfinished: Unfinished;
  readonly nextAt: number;
  readonly overloaded: string | null;
  readonly endedEarly: string | null;
  readonly client: ThreadUsage;
  readonly answers: SealedAnswers;
}

/** Requests still under way when the window closed; awaited, and counted nowhere else. */
export interface Unfinished {
  readonly count: number;
  readonly longestMs: number;
}

/**
 * What one drive of a load on a system saw. The load starts before the measured window opens (each
 * connection has had an answer by then) and what is under way when it closes is awaited; so what
 * completes inside it is a fair sample of a load that goes on for ever.
 */
export interface Observations {
  /** Length of the window. */
  readonly seconds: number;
  /** Answers that came inside the window: throughput is completed / seconds. */
  readonly completed: number;
  /** Answers of the whole drive: what the system's CPU seconds are to be divided by. */
  readonly answered: number;
  /** Failures of the whole drive, by error code. */
  readonly errors: ReadonlyMap<string, ErrorTally>;
  /** When they came, on performance.now()'s clock, ascending; of very many, the first. */
  readonly failuresMs: Float64Array;
  /** Requests that were due in the window, sent or not; null where the answers set the pace. */
  readonly offered: number | null;
  /** Of those, how many went out more than a millisecond after their time. */
  readonly late: number;
  /** Requests that were never sent, since the load stopped before. */
  readonly unsent: number;
  /**
   * Microseconds from the time each request was due: of the answers inside the window, or, where
   * requests have their own times, of every request that was due in it.
   */
  readonly latency: Histogram;
  /** The same from the time it was sent; null where a request is due when it is sent. */
  readonly sendLatency: Histogram | null;
  /** Answers of each second of the window; the last may be a part of one. */
  readonly perSecond: { readonly completed: readonly number[] };
  readonly unfinished: Unfinished;
  /** Where in the walk the next drive goes on. */
  readonly nextAt: number;
  /** Why the system counts as overloaded, so that the load stopped; null if it does not. */
  readonly overloaded: string | null;
  /** Why it stopped before its time; null if it did not. */
  readonly endedEarly: string | null;
  /** The busiest of the load's own threads during the window: whether it held things up. */
  readonly client: ThreadUsage;
  /** Threads that the load was spread over. */
  readonly threads: number;
  readonly answers: KeptAnswers;
}
