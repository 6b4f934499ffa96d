import { DOUBTS, doubt } from "./doubts.ts";
import type { Doubt, Point, Result } from "./schema.ts";

/** One start of a run: the first, or one that takes it up again. */
export interface Sitting {
  /** From 1. */
  readonly number: number;
  readonly beganAtMs: number;
  /** Of the first, ISO. */
  readonly startedAt: string;
  /** Of all that came before. */
  readonly secondsBefore: number;
  /** The times that it was taken up again before, and this one; empty for the first sitting. */
  readonly resumptions: Result["resumptions"];
}

/** @param earlier what the run had left before; null: nothing was begun. */
export function sittingAfter(earlier: Result | null): Sitting {
  const beganAtMs = Date.now();
  const at = new Date(beganAtMs).toISOString();
  if (earlier === null) {
    return { number: 1, beganAtMs, startedAt: at, secondsBefore: 0, resumptions: [] };
  }
  const { startedAt, seconds, incompleteReason } = earlier;
  const after = incompleteReason ?? "it had ended with a gate that was not settled";
  const resumptions = [...earlier.resumptions, { at, after }];
  const number = resumptions.length + 1;
  return { number, beganAtMs, startedAt, secondsBefore: seconds, resumptions };
}

/** @param points of the result: a sitting that adds none leaves no trace in it. */
export function timesOf(
  { number, startedAt, secondsBefore, beganAtMs, resumptions }: Sitting,
  points: readonly Pick<Point, "sitting">[],
): Pick<Result, "startedAt" | "seconds" | "resumptions"> {
  const isIdle = !points.some(({ sitting }) => sitting === number);
  return {
    startedAt,
    seconds: secondsBefore + (Date.now() - beganAtMs) / 1000,
    resumptions: isIdle ? resumptions.slice(0, -1) : [...resumptions],
  };
}

/** Doubts that come while systems are made ready; all others follow from the result anew. */
const WHILE_READYING = ["failed-check", "not-warm"] as const;

/** What an earlier sitting found doubtful, one doubt a finding. */
export function doubtsOfEarlier(earlier: Result | null): Doubt[] {
  return WHILE_READYING.flatMap((code) => {
    const found = earlier?.doubts.find((each) => each.code === code);
    if (found === undefined) return [];
    const details = found.text.slice(`${DOUBTS[code]}: `.length, -1);
    return details.split("; ").map((detail) => doubt(code, detail));
  });
}
