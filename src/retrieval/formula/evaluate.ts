import type { Catalogue, NumericColumn } from "../catalogue.ts";
import { hasAny, isTrue } from "../filter/evaluate.ts";
import type { BoundCondition, BoundFormula } from "./bind.ts";
import { FUNCTIONS } from "./functions.ts";

/** One candidate, as a formula sees it. */
export interface FormulaInput {
  readonly catalogue: Pick<Catalogue, "columns">;
  readonly row: number;
  /** Largest inner product over the heads that hold it. */
  readonly score: number;
  /** Its logit for each task. */
  readonly logits: ArrayLike<number>;
}

/** What a formula says of a candidate, in float64; it may be infinite or not a number. */
export function evaluateFormula(formula: BoundFormula, input: FormulaInput): number {
  switch (formula.kind) {
    case "number":
      return formula.value;
    case "score":
      return input.score;
    case "task":
      return input.logits[formula.task]!;
    case "column": {
      const { values } = input.catalogue.columns[formula.column] as NumericColumn;
      const value = values[input.row]!;
      if (!Number.isNaN(value) || formula.otherwise === null) return value;
      return evaluateFormula(formula.otherwise, input);
    }
    case "negative":
      return -evaluateFormula(formula.part, input);
    case "binary":
      return operate(formula, input);
    case "call":
      return FUNCTIONS[formula.name].apply(formula.args.map((arg) => evaluateFormula(arg, input)));
    case "if":
      return evaluateFormula(holds(formula.condition, input) ? formula.yes : formula.no, input);
  }
}

function operate(
  { op, left, right }: Extract<BoundFormula, { kind: "binary" }>,
  input: FormulaInput,
): number {
  const a = evaluateFormula(left, input);
  const b = evaluateFormula(right, input);
  switch (op) {
    case "+":
      return a + b;
    case "-":
      return a - b;
    case "*":
      return a * b;
    case "/":
      return a / b;
    case "^":
      return a ** b;
  }
}

function holds(condition: BoundCondition, input: FormulaInput): boolean {
  switch (condition.kind) {
    case "and":
      return condition.parts.every((part) => holds(part, input));
    case "or":
      return condition.parts.some((part) => holds(part, input));
    case "not":
      return !holds(condition.part, input);
    case "in":
      return hasAny(condition, input.catalogue, input.row);
    case "compare": {
      const left = evaluateFormula(condition.left, input);
      return isTrue(left, condition.op, evaluateFormula(condition.right, input));
    }
  }
}

/** The largest finite float32. */
export const FLOAT32_MAX = 3.4028234663852886e38;

/**
 * A formula's outcome as the value that an item is ranked by and that crosses the front door:
 * within the finite float32 range, and what is not a number counts as the least of it. So every
 * candidate has a place, and those without a value come last.
 */
export function rankingValue(outcome: number): number {
  if (Number.isNaN(outcome)) return -FLOAT32_MAX;
  return Math.max(-FLOAT32_MAX, Math.min(FLOAT32_MAX, outcome));
}
