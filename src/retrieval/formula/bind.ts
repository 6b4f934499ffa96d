import { HarnessError } from "../../errors.ts";
import { didYouMean } from "../../nearest-word.ts";
import type { Column } from "../catalogue.ts";
import { bindMatch, type BoundMatch } from "../filter/bind.ts";
import type { ComparisonOp } from "../filter/grammar.ts";
import type {
  BinaryOp,
  Condition,
  Default,
  Formula,
  FunctionName,
  Name,
  Quantity,
} from "./grammar.ts";

/**
 * A formula in terms of a model and a catalogue: tasks and columns by position, values by code,
 * numbers rounded to float32. Plain data that survives JSON and postMessage.
 *
 * Everything is computed in IEEE arithmetic: x / 0 is infinite, log and sqrt of a negative number
 * are not a number, and min, max and clamp of what is not a number are not one either. Of an `if`
 * only the branch taken counts. How the outcome ranks: `rankingValue`.
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
  | BoundMatch
  /** False where either side is not a number, whatever the operator. */
  | {
      readonly kind: "compare";
      readonly op: ComparisonOp;
      readonly left: BoundFormula;
      readonly right: BoundFormula;
    };

/** What the names of a formula may mean, beside `score`. */
export interface FormulaNames {
  /** In the order of the OverArch's logits. */
  readonly tasks: readonly string[];
  readonly columns: readonly Column[];
}

/**
 * Resolves the names and values of a formula. An item may lack a number, so a numeric column
 * stands in `default(column, x)`; alone only as one whole side of a comparison, which is then
 * false. A value that no item has is no error: it matches nothing.
 *
 * @throws HarnessError BAD_INPUT naming the character (from 1), what was expected and what came.
 */
export function bindFormula(formula: Formula, names: FormulaNames): BoundFormula {
  return bindQuantity(formula, names);
}

function bindQuantity(part: Quantity, names: FormulaNames): BoundFormula {
  const bind = (each: Quantity): BoundFormula => bindQuantity(each, names);
  switch (part.kind) {
    case "number":
      return { kind: "number", value: Math.fround(part.value) };
    case "name": {
      const bound = bindName(part, names);
      if (bound.kind !== "column") return bound;
      throw wrong(part, `default(${part.name}, 0), because an item may have no ${part.name}`);
    }
    case "default":
      return {
        kind: "column",
        column: numericColumn(part, names),
        otherwise: bind(part.otherwise),
      };
    case "negative":
      return { kind: "negative", part: bind(part.part) };
    case "binary":
      return { kind: "binary", op: part.op, left: bind(part.left), right: bind(part.right) };
    case "call":
      return { kind: "call", name: part.name, args: part.args.map(bind) };
    case "if": {
      const condition = bindCondition(part.condition, names);
      return { kind: "if", condition, yes: bind(part.yes), no: bind(part.no) };
    }
  }
}

function bindCondition(part: Condition, names: FormulaNames): BoundCondition {
  switch (part.kind) {
    case "and":
    case "or":
      return { kind: part.kind, parts: part.parts.map((each) => bindCondition(each, names)) };
    case "not":
      return { kind: "not", part: bindCondition(part.part, names) };
    case "match":
      return bindMatch(part, names.columns, {
        text: `formula, character ${part.position}`,
        field: "formula",
      });
    case "compare":
      return {
        kind: "compare",
        op: part.op,
        left: bindSide(part.left, names),
        right: bindSide(part.right, names),
      };
  }
}

const bindSide = (side: Quantity, names: FormulaNames): BoundFormula =>
  side.kind === "name" ? bindName(side, names) : bindQuantity(side, names);

function bindName(name: Name, names: FormulaNames): BoundFormula {
  if (name.name === "score") return { kind: "score" };
  const task = names.tasks.indexOf(name.name);
  if (task < 0) return { kind: "column", column: numericColumn(name, names), otherwise: null };
  if (names.columns.some((column) => column.name === name.name)) {
    throw wrong(name, `a name of one meaning, got "${name.name}", a task and a column`);
  }
  return { kind: "task", task };
}

function numericColumn(name: Name | Default, { tasks, columns }: FormulaNames): number {
  const position = columns.findIndex((column) => column.name === name.name);
  const column = columns[position];
  if (column?.kind === "numeric") return position;
  if (column !== undefined) {
    const hint = `match it, as in if(${name.name}:${column.vocabulary[0] ?? "value"}, 1, 0)`;
    throw wrong(name, `a number, got "${name.name}", a column of values`, hint);
  }
  const numeric = columns.filter(({ kind }) => kind === "numeric").map((each) => each.name);
  const known = name.kind === "default" ? numeric : ["score", ...tasks, ...numeric];
  const what =
    name.kind === "default" ? "a numeric column" : "the score, a task or a numeric column";
  const near = didYouMean(name.name, known);
  const list =
    known.length === 0 ? "; there is none" : `; there are ${known.slice(0, LISTED).join(", ")}`;
  throw wrong(name, `${what}, got "${name.name}"${near === "" ? list : near}`);
}

/** Names listed in an error. */
const LISTED = 20;

function wrong(name: Name | Default, expected: string, hint?: string): HarnessError {
  return new HarnessError(
    "BAD_INPUT",
    `formula, character ${name.position}: expected ${expected}`,
    { where: "formula", ...(hint === undefined ? {} : { hint }) },
  );
}
