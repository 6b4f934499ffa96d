import { measuredSystems } from "../result/role.ts";
import type { GateVerdict, Result } from "../result/schema.ts";
import { againstReference } from "./against-reference.ts";
import { parseGates } from "./expression.ts";
import type { GateExpression } from "./expression.ts";
import { measured } from "./measured.ts";
import { readSeries } from "./series.ts";
import type { Judged } from "./term-value.ts";
import { toVerdict } from "./verdict.ts";

/** A result that gates are asked about: whole, or cut short. */
export type Gated = Judged & Pick<Result, "complete">;

/**
 * Judges every expression against a result. Nothing passes by being absent: an unknown system or
 * load, a round without the number, a result that is not complete, a reference that was not given
 * or lacks the number give `invalid`.
 * @param reference runs that `checkComparable` has let through; empty: there is none.
 * @throws HarnessError BAD_INPUT with every expression that cannot be read.
 */
export function evaluateGates(
  texts: readonly string[],
  result: Gated,
  reference: readonly Judged[] = [],
): GateVerdict[] {
  return parseGates(texts).flatMap((expression) => evaluateGate(expression, result, reference));
}

/** One verdict, or one for each system where the expression says `*`. */
function evaluateGate(
  expression: GateExpression,
  result: Gated,
  reference: readonly Judged[],
): GateVerdict[] {
  if (expression.left.system !== "*") return [judge(expression, result, reference)];
  const systems = measuredSystems(result);
  if (systems.length === 0) return [toVerdict(expression, { missing: "no system was measured" })];
  return systems.map((system) => {
    const text = expression.text.replace("*", system);
    return judge({ ...expression, text, left: { ...expression.left, system } }, result, reference);
  });
}

function judge(
  expression: GateExpression,
  result: Gated,
  reference: readonly Judged[],
): GateVerdict {
  if (!result.complete) return toVerdict(expression, { missing: "the run did not complete" });
  const own = readSeries(expression, result);
  if ("missing" in own) return toVerdict(expression, own);
  if (!expression.ofReference) return toVerdict(expression, measured(expression, own));
  if (reference.length === 0) {
    return toVerdict(expression, { missing: "no reference was given to compare with" });
  }
  return toVerdict(expression, againstReference(expression, own, result, reference));
}
