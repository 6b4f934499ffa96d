import type { AnswerScorer } from "./recall.ts";

/** How good the answers of a stretch were, all together. */
export interface AnswerQuality {
  /** Answers scored. */
  readonly scored: number;
  /** Mean recall; NaN where none was scored. */
  readonly recall: number;
  /** Ids that must not have been returned, duplicates among them. */
  readonly violations: number;
  /** Answers with fewer ids than the oracle's. */
  readonly short: number;
  /** Answers without a violation, not short, and in time: these are goodput. */
  readonly good: number;
}

/** Answers to be scored: whose each is, how long it took, and its ids. */
export interface ScorableAnswers {
  readonly requestOf: Uint32Array;
  readonly latencyMs: Float32Array;
  answer(i: number): { readonly ids: Float64Array };
}

/** Answers scored before the event loop gets its turn. */
const STRETCH = 512;

export interface ScoringOptions {
  readonly scorer: AnswerScorer;
  /** Where the requests that were sent begin among those that the scorer knows. */
  readonly firstRequest: number;
  /** How long an answer may take and still be good; Infinity: as long as it likes. */
  readonly inTimeMs: number;
}

/** Scores answers against the oracle, after the clock has stopped. */
export async function scoreAnswers(
  answers: ScorableAnswers,
  { scorer, firstRequest, inTimeMs }: ScoringOptions,
): Promise<AnswerQuality> {
  let recall = 0;
  let violations = 0;
  let short = 0;
  let good = 0;
  for (const [i, request] of answers.requestOf.entries()) {
    const score = scorer.score(firstRequest + request, answers.answer(i).ids);
    const wrong = score.violations + score.duplicates;
    recall += score.recall;
    violations += wrong;
    if (score.short > 0) short++;
    if (score.short === 0 && wrong === 0 && answers.latencyMs[i]! <= inTimeMs) good++;
    if (i % STRETCH === 0) await new Promise(setImmediate);
  }
  const scored = answers.requestOf.length;
  return { scored, recall: recall / scored, violations, short, good };
}
