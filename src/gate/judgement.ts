import type { GateVerdict, Result } from "../result/schema.ts";
import { missingFromReference, referenceGates } from "./coverage.ts";
import { evaluateGates } from "./evaluate.ts";

/**
 * All verdicts on a result: its promises, and where there is a reference, that nothing which the
 * reference measured is gone, and that the ratios are what they were, unless a promise says how.
 * @param reference a result that `checkComparable` has let through; null: there is none.
 * @throws HarnessError BAD_INPUT with every expression that cannot be read.
 */
export function judgeResult(
  texts: readonly string[],
  result: Result,
  reference: Result | null,
): GateVerdict[] {
  const judged = evaluateGates(texts, result, reference);
  if (reference === null) return judged;
  const asksReference = texts.some((text) => /\breference\b/.test(text));
  return [
    ...judged,
    ...missingFromReference(result, reference),
    ...(asksReference ? [] : evaluateGates(referenceGates(reference), result, reference)),
  ];
}
