import type { GraphBuilder, Value } from "../../src/onnx/graph-builder.ts";
import type { BoundMatch } from "../../src/retrieval/filter/bind.ts";
import type { ComparisonOp } from "../../src/retrieval/filter/grammar.ts";
import type { BoundCondition, BoundFormula } from "../../src/retrieval/formula/bind.ts";
import type { FunctionName } from "../../src/retrieval/formula/grammar.ts";
import { gathered, type ItemTable } from "./item-table.ts";

/** Of each item what a formula reads of its attributes. */
export interface FormulaColumns {
  /** float32 [items], not a number where absent; by position of the column. */
  readonly numbers: ReadonlyMap<number, ItemTable>;
  /** bool [items]: whether it has any of a match's values; by `matchKey`. */
  readonly matches: ReadonlyMap<string, ItemTable>;
}

/** A match that matches no item is in no column and has no tensor. */
export const matchKey = ({ column, codes }: BoundMatch): string => `${column}:${codes.join(",")}`;

export interface FormulaInputs {
  /** int64 [batch, candidates] */
  readonly rows: Value;
  /** float32 [batch, candidates] */
  readonly scores: Value;
  /** One a task, shaped as the scores. */
  readonly logits: readonly Value[];
  readonly columns: FormulaColumns;
}

/**
 * Writes a formula as operators over all candidates. It is computed in float64, as by
 * `evaluateFormula`: what leaves float32's range on the way may come back. A formula is little
 * work beside an OverArch.
 */
export class FormulaNodes {
  readonly #graph: GraphBuilder;
  readonly #inputs: FormulaInputs;

  constructor(graph: GraphBuilder, inputs: FormulaInputs) {
    this.#graph = graph;
    this.#inputs = inputs;
  }

  number(value: number): Value {
    return this.#graph.constant("float64", [], Float64Array.of(value));
  }

  /** float64, of the candidates' shape or, where all have the same, of none. */
  quantity(formula: BoundFormula): Value {
    const graph = this.#graph;
    switch (formula.kind) {
      case "number":
        return this.number(formula.value);
      case "score":
        return graph.cast(this.#inputs.scores, "float64");
      case "task":
        return graph.cast(this.#inputs.logits[formula.task]!, "float64");
      case "column":
        return this.#column(formula);
      case "negative":
        return graph.node("Neg", [this.quantity(formula.part)]);
      case "binary":
        return this.#binary(formula);
      case "call":
        return this.#call(
          formula.name,
          formula.args.map((arg) => this.quantity(arg)),
        );
      case "if":
        return graph.node("Where", [
          this.condition(formula.condition),
          this.quantity(formula.yes),
          this.quantity(formula.no),
        ]);
    }
  }

  /** bool, shaped as `quantity`. */
  condition(condition: BoundCondition): Value {
    const graph = this.#graph;
    switch (condition.kind) {
      case "and":
      case "or": {
        const op = condition.kind === "and" ? "And" : "Or";
        return condition.parts
          .map((part) => this.condition(part))
          .reduce((left, right) => graph.node(op, [left, right]));
      }
      case "not":
        return graph.node("Not", [this.condition(condition.part)]);
      case "in": {
        const column = this.#inputs.columns.matches.get(matchKey(condition));
        return column === undefined
          ? graph.constant("bool", [], Uint8Array.of(0))
          : this.#ofRows(column);
      }
      case "compare": {
        const sides = [this.quantity(condition.left), this.quantity(condition.right)] as const;
        return this.#compare(condition.op, sides);
      }
    }
  }

  /** A column of all items, of the candidates. */
  #ofRows(column: ItemTable): Value {
    return gathered(this.#graph, column, this.#inputs.rows);
  }

  #column({ column, otherwise }: Extract<BoundFormula, { kind: "column" }>): Value {
    const graph = this.#graph;
    const values = graph.cast(this.#ofRows(this.#inputs.columns.numbers.get(column)!), "float64");
    if (otherwise === null) return values;
    return graph.node("Where", [graph.node("IsNaN", [values]), this.quantity(otherwise), values]);
  }

  #binary({ op, left, right }: Extract<BoundFormula, { kind: "binary" }>): Value {
    const [a, b] = [this.quantity(left), this.quantity(right)];
    return op === "^" ? this.#power(a, b) : this.#graph.node(OPERATORS[op], [a, b]);
  }

  /** C's pow says that 1 to any power is 1; a formula's, that 1 to what is no finite number is none. */
  #power(base: Value, exponent: Value): Value {
    const graph = this.#graph;
    const unit = graph.node("Equal", [graph.node("Abs", [base]), this.number(1)]);
    const size = graph.node("Abs", [exponent]);
    const finite = graph.node("Less", [size, this.number(Infinity)]);
    const undefinedHere = graph.node("And", [unit, graph.node("Not", [finite])]);
    const power = graph.node("Pow", [base, exponent]);
    return graph.node("Where", [undefinedHere, this.number(Number.NaN), power]);
  }

  #call(name: FunctionName, args: readonly Value[]): Value {
    const graph = this.#graph;
    const [x] = args as [Value, ...Value[]];
    switch (name) {
      case "min":
        return args.reduce((a, b) => this.#extreme("Min", a, b));
      case "max":
        return args.reduce((a, b) => this.#extreme("Max", a, b));
      case "abs":
        return graph.node("Abs", [x]);
      case "exp":
        return graph.node("Exp", [x]);
      case "log":
        return graph.node("Log", [x]);
      case "sqrt":
        return graph.node("Sqrt", [x]);
      case "sigmoid": {
        const one = this.number(1);
        const exp = graph.node("Exp", [graph.node("Neg", [x])]);
        return graph.node("Div", [one, graph.node("Add", [one, exp])]);
      }
      case "clamp":
        return this.#extreme("Min", this.#extreme("Max", x, args[1]!), args[2]!);
    }
  }

  /** The smaller or larger; what is not a number makes it none, which not every device keeps to. */
  #extreme(op: "Min" | "Max", a: Value, b: Value): Value {
    const graph = this.#graph;
    const none = graph.node("Or", [graph.node("IsNaN", [a]), graph.node("IsNaN", [b])]);
    return graph.node("Where", [none, this.number(Number.NaN), graph.node(op, [a, b])]);
  }

  #compare(op: ComparisonOp, [left, right]: readonly [Value, Value]): Value {
    const graph = this.#graph;
    // Not the complement of "=": with what is not a number, both are false.
    if (op === "!=") {
      return graph.node("Or", [
        graph.node("Less", [left, right]),
        graph.node("Greater", [left, right]),
      ]);
    }
    return graph.node(COMPARISONS[op], [left, right]);
  }
}

const OPERATORS = { "+": "Add", "-": "Sub", "*": "Mul", "/": "Div" } as const;

const COMPARISONS = {
  "<": "Less",
  "<=": "LessOrEqual",
  ">": "Greater",
  ">=": "GreaterOrEqual",
  "=": "Equal",
} as const;
