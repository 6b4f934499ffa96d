import type { GateVerdict, Result } from "../result/schema.ts";
import { missingFromReference, referenceGates } from "./coverage.ts";
import { evaluateGates } from "./evaluate.ts";

/**
 * All verdicts on a result: its promises, and where there is a reference, that nothing which the
 * reference measured is gone, and that the ratios are what they were, unless a promise says how.
 * @param reference runs that `checkComparable` has let through, the newest last; empty: there is none.
 * @throws HarnessError BAD_INPUT with every expression that cannot be read.
 */
export function judgeResult(
  texts: readonly string[],
  result: Result,
  reference: readonly Result[],
): GateVerdict[] {
  const judged = evaluateGates(texts, result, reference);
  const newest = reference.at(-1);
  if (newest === undefined) return judged;
  const asksReference = texts.some((text) => /\breference\b/.test(text));
  return [
    ...judged,
    ...missingFromReference(result, newest),
    ...(asksReference ? [] : evaluateGates(referenceGates(newest), result, reference)),
  ];
}
