import { combine, literal, negate, type Expression } from "../../eligibility/expression.ts";
import { planExpression } from "../../eligibility/filter-plan.ts";
import { encodeProgram, type EncodedPlan } from "../../eligibility/plan-tensors.ts";
import type { BitFilter } from "./sample-check.ts";

/** A filter over random bitmaps, of which each holds half of the items. */
export interface BenchFilter {
  readonly name: string;
  /** The share of the items that pass. */
  readonly passing: number;
  readonly plan: EncodedPlan;
  readonly bits: BitFilter;
}

/** A term: a value's five hashes. */
const HASHES = 5;

/** Rows below `rows`, drawn anew for each filter; row 0 is all items. */
type DrawRow = () => number;

/**
 * `(a OR b OR c) AND (d OR e) AND NOT f AND NOT g`, five hashes a term: 7 terms, 35 reads of a
 * bitmap, of which about 0.5% of the items pass.
 */
export function narrowFilter(draw: DrawRow): BenchFilter {
  const [a, b, c, d, e, f, g] = Array.from({ length: 7 }, () =>
    combine(
      "and",
      Array.from({ length: HASHES }, () => literal(draw())),
    ),
  ) as [Expression, Expression, Expression, Expression, Expression, Expression, Expression];
  return filterOf(
    { name: "7 terms, 0.5% pass", passing: 0.005 },
    combine("and", [combine("or", [a, b, c]), combine("or", [d, e]), negate(f), negate(g)]),
  );
}

/** `a AND b AND c AND (d OR e OR (f AND g))` of single rows: 7 terms, of which about 10% pass. */
export function wideFilter(draw: DrawRow): BenchFilter {
  const [a, b, c, d, e, f, g] = Array.from({ length: 7 }, () => literal(draw()));
  return filterOf(
    { name: "7 terms, 10% pass", passing: 0.1 },
    combine("and", [a!, b!, c!, combine("or", [d!, e!, combine("and", [f!, g!])])]),
  );
}

function filterOf(
  about: Pick<BenchFilter, "name" | "passing">,
  expression: Expression,
): BenchFilter {
  const plan = { scan: encodeProgram(planExpression(expression)!), check: null, share: 1 };
  return { ...about, plan, bits: (word) => evaluated(expression, word) };
}

/** The expression itself, not its program: so the check does not repeat a mistake of the planner's. */
function evaluated(expression: Expression, word: (row: number) => number): number {
  if (expression.kind === "constant") return expression.value ? -1 : 0;
  if (expression.kind !== "chain") {
    const parts = expression.parts.map((part) => evaluated(part, word));
    return parts.reduce((x, y) => (expression.kind === "and" ? x & y : x | y));
  }
  let register = -1;
  for (const {
    op,
    literal: { row, negated },
  } of expression.steps) {
    const operand = negated ? ~word(row) : word(row);
    register = op === "and" ? register & operand : register | operand;
  }
  return register;
}
