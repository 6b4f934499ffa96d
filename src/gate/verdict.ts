import type { GateVerdict } from "../result/schema.ts";
import type { GateExpression, GateOperator } from "./expression.ts";
import type { MissingTerm } from "./term-value.ts";
import type { Interval } from "./interval.ts";

/** A number to judge; as a share of the reference's where `reference` is given. */
export interface Measured extends Interval {
  readonly n: number;
  /** What it stands on, for the reason: "median of 5 rounds". */
  readonly basis: string;
  readonly reference?: number;
}

/**
 * The verdict on a number: pass needs its whole interval on the right side of the limit,
 * regression its whole interval on the wrong side (and so the number itself); all else is
 * inconclusive. What is missing is invalid.
 */
export function toVerdict(
  { text: expression, operator, limit, confidence }: GateExpression,
  measured: Measured | MissingTerm,
): GateVerdict {
  if ("missing" in measured) {
    const nothing = { value: null, low: null, high: null, reference: null, n: 0 };
    return { expression, verdict: "invalid", ...nothing, limit, reason: measured.missing };
  }
  const { value, low, high, n, reference } = measured;
  return {
    expression,
    verdict: verdictOf(measured, operator, limit),
    value: finiteOrNull(value),
    low: finiteOrNull(low),
    high: finiteOrNull(high),
    limit,
    reference: reference ?? null,
    n,
    reason: reasonOf(measured, confidence),
  };
}

function verdictOf(
  { low, high }: Interval,
  operator: GateOperator,
  limit: number,
): GateVerdict["verdict"] {
  if (Number.isNaN(low) || Number.isNaN(high)) return "inconclusive";
  const ends = [holds(low, operator, limit), holds(high, operator, limit)];
  if (ends.every(Boolean)) return "pass";
  const isWithin = operator === "==" && low <= limit && limit <= high;
  return ends.some(Boolean) || isWithin ? "inconclusive" : "regression";
}

function reasonOf({ value, low, high, basis, reference }: Measured, confidence: number): string {
  const of = reference === undefined ? "" : ` times the reference's ${shown(reference)}`;
  if (Number.isNaN(low)) return `${shown(value)}${of}, ${basis}: no interval`;
  if (low === high) return `${shown(value)}${of}, ${basis}`;
  const percent = Math.round(100 * confidence);
  return `${shown(value)}${of}, ${shown(low)} to ${shown(high)} at ${percent}%, ${basis}`;
}

function holds(value: number, operator: GateOperator, limit: number): boolean {
  switch (operator) {
    case ">=":
      return value >= limit;
    case "<=":
      return value <= limit;
    case ">":
      return value > limit;
    case "<":
      return value < limit;
    case "==":
      return value === limit;
  }
}

const finiteOrNull = (value: number): number | null => (Number.isFinite(value) ? value : null);
const shown = (value: number): string => String(Number(value.toPrecision(4)));
