import type { CatalogueOwner } from "../load/catalogue-owner.ts";
import type { Observations } from "../load/observations.ts";
import type { AnswerQuality } from "../measure/answer-quality.ts";
import { AnswerScorer } from "../measure/recall.ts";
import type { Workload } from "../dataset/workload.ts";
import type { Catalogue } from "../retrieval/catalogue.ts";
import { computeTruth } from "../retrieval/oracle.ts";
import type { Answer, RetrievalRequest } from "../retrieval/request.ts";
import type { Unit } from "./units.ts";

/** Requests asked when a load under updates has ended. */
const ASKED = 64;

/** Some requests and what they were answered, and the catalogue as it was then. */
export interface AskedAfter {
  readonly requests: readonly RetrievalRequest[];
  readonly answers: readonly Answer[];
  readonly catalogue: Catalogue;
}

export interface ChangedOptions {
  readonly workload: Pick<Workload, "dataset" | "model">;
  readonly observed: Observations;
  readonly inTimeMs: number;
  readonly threads: number;
  readonly signal: AbortSignal;
}

/**
 * Asks some of the requests of a load that has ended. What was answered during it was right or
 * wrong by a catalogue that nobody can date to the millisecond; now all updates are taken, and
 * nothing changes.
 */
export async function askAfterChanges(
  { door }: Pick<Unit, "door">,
  owner: CatalogueOwner,
  { requests: all, timeoutMs }: { requests: readonly RetrievalRequest[]; timeoutMs: number },
): Promise<AskedAfter> {
  const step = Math.max(1, Math.floor(all.length / ASKED));
  const requests = all.filter((_, at) => at % step === 0).slice(0, ASKED);
  const answers = await Promise.all(requests.map((one) => door.retrieve(one, { timeoutMs })));
  return { requests, answers, catalogue: owner.catalogue() };
}

/**
 * How good a system's answers are whose catalogue changes: what was asked after the load is scored
 * against the oracle of the catalogue as it was then. Which answers were in time is the load's own.
 */
export async function qualityAfterChanges(
  { requests, answers, catalogue }: AskedAfter,
  { workload, observed, inTimeMs, threads, signal }: ChangedOptions,
): Promise<AnswerQuality> {
  const { users } = workload.dataset;
  const given = { catalogue, users, model: workload.model, requests };
  const truth = await computeTruth({ ...given, threads, signal, onProgress: () => {} });
  const scorer = new AnswerScorer({ ...given, truth });
  const scores = answers.flatMap(({ ids, partial }, at) =>
    partial ? [] : [scorer.score(at, ids)],
  );
  const sum = (of: (score: (typeof scores)[number]) => number): number =>
    scores.reduce((total, score) => total + of(score), 0);
  const wrong = sum(({ violations, duplicates }) => violations + duplicates);
  const good = sum((s) => Number(s.short === 0 && s.violations + s.duplicates === 0));
  const { latencyMs } = observed.answers;
  const inTime = latencyMs.reduce((count, ms) => count + Number(ms <= inTimeMs), 0);
  return {
    scored: answers.length,
    partial: answers.length - scores.length,
    recall: sum(({ recall }) => recall) / scores.length,
    violations: wrong,
    short: sum(({ short }) => Number(short > 0)),
    good: latencyMs.length === 0 ? 0 : (good * inTime) / latencyMs.length,
    // Of what was answered during the load it is not known.
    worth: [],
    byTemplate: [],
  };
}
