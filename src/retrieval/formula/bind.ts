import type { ComparisonOp } from "../filter/grammar.ts";
import type { BinaryOp, FunctionName } from "./grammar.ts";

/**
 * A formula in terms of a model and a catalogue: tasks and columns by position, values by code,
 * numbers rounded to float32. Plain data that survives JSON and postMessage.
 *
 * Everything is computed in IEEE arithmetic: x / 0 is infinite, log and sqrt of a negative number
 * are not a number, and min, max and clamp of what is not a number are not one either.
 */
export type BoundFormula =
  | { readonly kind: "number"; readonly value: number }
  /** The largest inner product over the heads that hold the item. */
  | { readonly kind: "score" }
  /** Logit of a task, by its position among the model's tasks. */
  | { readonly kind: "task"; readonly task: number }
  /** A numeric column, and what stands for an absent value; null: then it is not a number. */
  | { readonly kind: "column"; readonly column: number; readonly otherwise: BoundFormula | null }
  | { readonly kind: "negative"; readonly part: BoundFormula }
  | {
      readonly kind: "binary";
      readonly op: BinaryOp;
      readonly left: BoundFormula;
      readonly right: BoundFormula;
    }
  | { readonly kind: "call"; readonly name: FunctionName; readonly args: readonly BoundFormula[] }
  | {
      readonly kind: "if";
      readonly condition: BoundCondition;
      readonly yes: BoundFormula;
      readonly no: BoundFormula;
    };

export type BoundCondition =
  | { readonly kind: "and" | "or"; readonly parts: readonly BoundCondition[] }
  | { readonly kind: "not"; readonly part: BoundCondition }
  /** True where the item has any of the codes of a categorical column; ascending, each once. */
  | { readonly kind: "in"; readonly column: number; readonly codes: readonly number[] }
  /** False where either side is not a number, whatever the operator. */
  | {
      readonly kind: "compare";
      readonly op: ComparisonOp;
      readonly left: BoundFormula;
      readonly right: BoundFormula;
    };
