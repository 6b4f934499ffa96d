import type { BoundFilter } from "../../src/retrieval/filter/bind.ts";
import type { AttributeIndex } from "./attribute-index.ts";
import { combine, constant, negate, type Expression } from "./expression.ts";
import { compares, equalsValue } from "./predicate.ts";

/**
 * A bound filter in terms of bitmaps, without NOT: complements are taken at the literals. Of
 * signatures there are none: what seems to have a value may not have it, so a NOT of one is true of
 * every item. The expression is then true of more items than the filter, never of fewer.
 */
export function expressionOf(
  filter: BoundFilter,
  index: AttributeIndex,
  negated = false,
): Expression {
  switch (filter.kind) {
    case "all":
      return constant(!negated);
    case "not":
      return expressionOf(filter.part, index, !negated);
    case "and":
    case "or":
      // De Morgan: the complement of a conjunction is the disjunction of the complements.
      return combine(
        (filter.kind === "and") === negated ? "or" : "and",
        filter.parts.map((part) => expressionOf(part, index, negated)),
      );
    case "in": {
      const column = index.columns[filter.column]!;
      if (negated && column.kind === "signed") return constant(true);
      const values = filter.codes.map((code) => equalsValue(column, code));
      return negateIf(negated, combine("or", values));
    }
    case "compare":
      return negateIf(negated, compares(index.columns[filter.column]!, filter.op, filter.value));
  }
}

const negateIf = (negated: boolean, expression: Expression): Expression =>
  negated ? negate(expression) : expression;
