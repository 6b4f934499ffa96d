import { Histogram } from "../math/histogram.ts";
import type { AnswerScorer } from "./recall.ts";

/** How good the answers of a stretch were, all together. */
export interface AnswerQuality {
  /** Answers scored. */
  readonly scored: number;
  /** Marked as partial: neither their recall nor their length counts. */
  readonly partial: number;
  /** Mean recall of the whole ones; NaN where there is none. */
  readonly recall: number;
  /** Ids that must not have been returned, duplicates among them. */
  readonly violations: number;
  /** Answers with fewer ids than the oracle's. */
  readonly short: number;
  /** Whole answers without a violation, not short, and in time: these are goodput. */
  readonly good: number;
  /** [scored] what each answer was worth. */
  readonly worth: readonly Worth[];
  /** The same by filter template, in the scenario's order; empty where nobody knows them apart. */
  readonly byTemplate: readonly TemplateQuality[];
}

/** How good and how fast the answers to the requests of one filter template were. */
export interface TemplateQuality {
  readonly template: number;
  readonly answers: number;
  /** Mean. */
  readonly recall: number;
  readonly violations: number;
  readonly short: number;
  /** Microseconds. */
  readonly latency: Histogram;
}

/** Goodput; marked as partial; or late, short or wrong. */
export type Worth = "good" | "partial" | "poor";

/** Answers to be scored: whose each is, how long it took, and its ids. */
export interface ScorableAnswers {
  readonly requestOf: Uint32Array;
  readonly latencyMs: Float32Array;
  answer(i: number): { readonly ids: Float64Array; readonly partial: boolean };
}

/** Answers scored before the event loop gets its turn. */
const STRETCH = 512;

export interface ScoringOptions {
  readonly scorer: AnswerScorer;
  /** By position among the requests that were sent: the number the scorer knows each by. */
  readonly numbers: Uint32Array;
  /** By the scorer's number, the filter template of each; null: nobody knows. */
  readonly templateOf: Uint16Array | null;
  /** How long an answer may take and still be good; Infinity: as long as it likes. */
  readonly inTimeMs: number;
}

/** Scores answers against the oracle, after the clock has stopped. */
export async function scoreAnswers(
  answers: ScorableAnswers,
  { scorer, numbers, templateOf, inTimeMs }: ScoringOptions,
): Promise<AnswerQuality> {
  let recall = 0;
  let violations = 0;
  let short = 0;
  let scored = 0;
  const worth: Worth[] = [];
  const tallies = new Map<number, TemplateTally>();
  for (const [i, request] of answers.requestOf.entries()) {
    if (i % STRETCH === 0) await new Promise(setImmediate);
    const number = numbers[request]!;
    if (!scorer.knows(number)) continue;
    scored++;
    const answer = answers.answer(i);
    const score = scorer.score(number, answer.ids);
    const wrong = score.violations + score.duplicates;
    violations += wrong;
    if (answer.partial) {
      worth.push("partial");
      continue;
    }
    recall += score.recall;
    if (score.short > 0) short++;
    const isGood = score.short === 0 && wrong === 0 && answers.latencyMs[i]! <= inTimeMs;
    worth.push(isGood ? "good" : "poor");
    if (templateOf !== null) {
      const tally = tallyOf(tallies, templateOf[number]!);
      tally.answers++;
      tally.recall += score.recall;
      tally.violations += wrong;
      tally.short += Number(score.short > 0);
      tally.latency.recordMs(answers.latencyMs[i]!);
    }
  }
  const count = (wanted: Worth): number => worth.filter((one) => one === wanted).length;
  const [good, partial] = [count("good"), count("partial")];
  const byTemplate = [...tallies.values()]
    .map((tally) => ({ ...tally, recall: tally.recall / tally.answers }))
    .toSorted((a, b) => a.template - b.template);
  return {
    scored,
    partial,
    recall: recall / (scored - partial),
    violations,
    short,
    good,
    worth,
    byTemplate,
  };
}

/** Sums, while answers are scored. */
type TemplateTally = { -readonly [Field in keyof TemplateQuality]: TemplateQuality[Field] };

function tallyOf(tallies: Map<number, TemplateTally>, template: number): TemplateTally {
  const known = tallies.get(template);
  if (known !== undefined) return known;
  const latency = Histogram.create();
  const fresh = { template, answers: 0, recall: 0, violations: 0, short: 0, latency };
  tallies.set(template, fresh);
  return fresh;
}
