import { pairedRatio } from "../math/paired-ratio.ts";
import type { Pair } from "../math/paired-ratio.ts";
import { median } from "../math/quantile.ts";
import { measuredSystems } from "../result/role.ts";
import type { GateVerdict, Result } from "../result/schema.ts";
import { parseGate } from "./expression.ts";
import type { GateExpression, GateOperator } from "./expression.ts";
import { readTerm } from "./term-value.ts";
import type { TermValue } from "./term-value.ts";

type Judged = Pick<Result, "systems" | "scenario" | "points" | "cost" | "complete">;

/**
 * Judges every expression against a result. Nothing passes by being absent: an unknown system or
 * load, a round without the number, a result that is not complete give `invalid`.
 * @throws HarnessError BAD_INPUT if an expression cannot be read.
 */
export function evaluateGates(texts: readonly string[], result: Judged): GateVerdict[] {
  return texts.map(parseGate).flatMap((expression) => evaluateGate(expression, result));
}

/** One verdict, or one for each system where the expression says `*`. */
export function evaluateGate(expression: GateExpression, result: Judged): GateVerdict[] {
  if (expression.left.system !== "*") return [judge(expression, expression.text, result)];
  const systems = measuredSystems(result);
  if (systems.length === 0) return [invalid(expression, expression.text, "no system was measured")];
  return systems.map((system) => {
    const text = expression.text.replace("*", system);
    return judge({ ...expression, left: { ...expression.left, system } }, text, result);
  });
}

function judge(expression: GateExpression, text: string, result: Judged): GateVerdict {
  if (!result.complete) return invalid(expression, text, "the run did not complete");
  const left = readTerm(expression.left, result);
  if ("missing" in left) return invalid(expression, text, left.missing);
  if (expression.over === null) return judgeValue(expression, text, left);
  const over = readTerm(expression.over, result);
  if ("missing" in over) return invalid(expression, text, over.missing);
  const pairs = pairsOf(left, over);
  if ("missing" in pairs) return invalid(expression, text, pairs.missing);
  return judgeRatio(expression, text, pairs);
}

function judgeValue(expression: GateExpression, text: string, term: TermValue): GateVerdict {
  const { operator, limit, left } = expression;
  const values = [...term.byRound.values()];
  const isCount = left.metric === "violations" || left.metric === "short";
  const value = isCount ? Math.max(...values) : median(values);
  const verdict = holds(value, operator, limit) ? "pass" : "regression";
  const how = isCount ? "in the worst of" : "median of";
  const reason = `${shown(value)}, ${how} ${rounds(values.length)}`;
  return {
    expression: text,
    verdict,
    value,
    low: null,
    high: null,
    limit,
    n: values.length,
    reason,
  };
}

/** Pass and regression need the whole interval on one side of the limit. */
function judgeRatio(expression: GateExpression, text: string, pairs: readonly Pair[]): GateVerdict {
  const { operator, limit } = expression;
  const { ratio, low, high, n, method } = pairedRatio(pairs, "higher");
  const base = { expression: text, value: ratio, limit, n };
  if (Number.isNaN(low)) {
    const reason = `${shown(ratio)}: ${method}`;
    return { ...base, low: null, high: null, verdict: "inconclusive", reason };
  }
  const ends = [low, high].map((end) => holds(end, operator, limit));
  const verdict = ends.every(Boolean) ? "pass" : ends.some(Boolean) ? "inconclusive" : "regression";
  const reason = `${shown(ratio)}, ${shown(low)} to ${shown(high)} at 95%, ${n} paired rounds`;
  return { ...base, low, high, verdict, reason };
}

/** The pairs by round; a side that is 0 has no ratio, and must not drop out unseen. */
function pairsOf(left: TermValue, over: TermValue): Pair[] | { missing: string } {
  const pairs: Pair[] = [];
  for (const [round, of] of left.byRound) {
    const below = over.byRound.get(round);
    if (below === undefined) continue;
    if (of <= 0 || below <= 0) return { missing: `a side of the ratio is 0 in round ${round}` };
    pairs.push({ of, over: below });
  }
  return pairs.length === 0 ? { missing: "no round is valid on both sides" } : pairs;
}

function invalid(expression: GateExpression, text: string, reason: string): GateVerdict {
  const { limit } = expression;
  return {
    expression: text,
    verdict: "invalid",
    value: null,
    low: null,
    high: null,
    limit,
    n: 0,
    reason,
  };
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

const shown = (value: number): string => String(Number(value.toPrecision(4)));
const rounds = (count: number): string => (count === 1 ? "one round" : `${count} rounds`);
