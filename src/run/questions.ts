import type { StoredTrace } from "../load/trace.ts";
import type { AnswerScorer } from "../measure/recall.ts";
import type { RetrievalRequest } from "../retrieval/request.ts";

/** Requests that are sent, and who knows how good the answers are. */
export interface Questions {
  readonly requests: readonly RetrievalRequest[];
  readonly scorer: AnswerScorer;
  /** Where these requests begin among those that the scorer knows. */
  readonly firstRequest: number;
  /** Their times, where they are a trace. */
  readonly trace: StoredTrace | null;
}

/** Held back for tuning where something is swept: this share of the requests, so many at most. */
const TUNING_SHARE = 0.2;
const MOST_TUNING = 1000;

/**
 * Splits the requests where variants are chosen between: those at the end decide the choice and
 * are never scored for the result, so that no variant wins by the very requests it is shown with.
 */
export function splitForTuning(all: Questions): { timed: Questions; tuning: Questions } {
  const { requests } = all;
  const held = Math.min(MOST_TUNING, Math.floor(requests.length * TUNING_SHARE));
  // Too few to be split: better all of them twice than none.
  if (held === 0) return { timed: all, tuning: all };
  const from = requests.length - held;
  return {
    timed: { ...all, requests: requests.slice(0, from) },
    tuning: { ...all, requests: requests.slice(from), firstRequest: all.firstRequest + from },
  };
}
