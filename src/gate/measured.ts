import { pairedRatio } from "../math/paired-ratio.ts";
import { COUNTS } from "./expression.ts";
import type { GateExpression } from "./expression.ts";
import { exactly, roundInterval } from "./interval.ts";
import { counted, type Series } from "./series.ts";
import type { Measured } from "./verdict.ts";

/** A series as one number: a ratio by what is paired, a count by its worst round, else a median. */
export function measured(
  { left, confidence }: GateExpression,
  { values, pairs, kind }: Series,
): Measured {
  const n = values.length;
  if (pairs !== null) {
    const { ratio: value, low, high } = pairedRatio(pairs, "higher", kind, confidence);
    return { value, low, high, n, basis: n === 1 ? `one pair of ${kind}` : `${n} paired ${kind}` };
  }
  if (COUNTS.includes(left.metric)) {
    return { ...exactly(Math.max(...values)), n, basis: `in the worst of ${counted(n)}` };
  }
  const basis = `median of ${counted(n)}`;
  return { ...roundInterval(values, left.metric === "recall", confidence), n, basis };
}
