import { HarnessError } from "../errors.ts";
import type { StoredTrace } from "../load/trace.ts";
import type { AnswerScorer } from "../measure/recall.ts";
import type { RetrievalRequest } from "../retrieval/request.ts";
import type { PlannedLoad } from "../scenario/planned-loads.ts";
import type { Scenario } from "../scenario/schema.ts";

/** Requests that are sent, and who knows how good the answers are. */
export interface Questions {
  readonly requests: readonly RetrievalRequest[];
  readonly scorer: AnswerScorer;
  /** [requests] the number that the scorer knows each by. */
  readonly numbers: Uint32Array;
  /** By the scorer's number, the filter template each was made from; null: nobody knows. */
  readonly templateOf: Uint16Array | null;
  /** Their times, where they are a trace. */
  readonly trace: StoredTrace | null;
}

/** What of questions is chosen from. */
type Listed = Pick<Questions, "requests" | "numbers" | "templateOf">;

/** Held back for tuning where something is swept: this share of the requests, so many at most. */
const TUNING_SHARE = 0.2;
const MOST_TUNING = 1000;

/**
 * Splits the requests where variants are chosen between: those at the end decide the choice and
 * are never scored for the result, so that no variant wins by the very requests it is shown with.
 */
export function splitForTuning<Q extends Listed>(all: Q): { timed: Q; tuning: Q } {
  const { requests } = all;
  const held = Math.min(MOST_TUNING, Math.floor(requests.length * TUNING_SHARE));
  // Too few to be split: better all of them twice than none.
  if (held === 0) return { timed: all, tuning: all };
  const from = requests.length - held;
  return {
    timed: part(all, 0, from),
    tuning: part(all, from, requests.length),
  };
}

function part<Q extends Listed>(all: Q, from: number, to: number): Q {
  return { ...all, requests: all.requests.slice(from, to), numbers: all.numbers.slice(from, to) };
}

/**
 * The questions that a load asks: all, or those of the filters that it names.
 * @param filters of the scenario, in the order that `templateOf` speaks of.
 * @throws HarnessError BAD_INPUT if the load would have nothing to ask.
 */
export function askedBy<Q extends Listed>(
  { name, spec }: Pick<PlannedLoad, "name" | "spec">,
  all: Q,
  filters: Scenario["requests"]["filters"],
): Q {
  const wanted = "filters" in spec ? spec.filters : undefined;
  const { templateOf } = all;
  if (wanted === undefined || templateOf === null) return all;
  const isWanted = filters.map(
    (filter) => filter.name !== undefined && wanted.includes(filter.name),
  );
  const kept = all.numbers.map((number, at) => (isWanted[templateOf[number]!]! ? at : NONE));
  const places = kept.filter((at) => at !== NONE);
  if (places.length === 0) {
    throw new HarnessError("BAD_INPUT", `no request has the filter ${wanted.join(" or ")}`, {
      where: `loads.${name}.filters`,
      hint: "give the filter more weight, or draw more distinct requests",
    });
  }
  return {
    ...all,
    requests: Array.from(places, (at) => all.requests[at]!),
    numbers: places.map((at) => all.numbers[at]!),
  };
}

const NONE = 0xffff_ffff;
