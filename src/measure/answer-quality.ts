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
  /** Answers with a violation or too short: they are no goodput. */
  readonly faulty: number;
}

/** Answers to be scored: whose each is, and its ids. */
export interface ScorableAnswers {
  readonly requestOf: Uint32Array;
  answer(i: number): { readonly ids: Float64Array };
}

/** Answers scored before the event loop gets its turn. */
const STRETCH = 512;

/** Scores answers against the oracle, after the clock has stopped. */
export async function scoreAnswers(
  answers: ScorableAnswers,
  scorer: AnswerScorer,
): Promise<AnswerQuality> {
  let recall = 0;
  let violations = 0;
  let short = 0;
  let faulty = 0;
  for (const [i, request] of answers.requestOf.entries()) {
    const score = scorer.score(request, answers.answer(i).ids);
    const wrong = score.violations + score.duplicates;
    recall += score.recall;
    violations += wrong;
    if (score.short > 0) short++;
    if (score.short > 0 || wrong > 0) faulty++;
    if (i % STRETCH === 0) await new Promise(setImmediate);
  }
  const scored = answers.requestOf.length;
  return { scored, recall: recall / scored, violations, short, faulty };
}
