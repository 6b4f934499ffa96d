import type { BoundCondition, BoundFormula } from "../../../src/retrieval/formula/bind.ts";
import type { FunctionName } from "../../../src/retrieval/formula/grammar.ts";
import { matchKey } from "../../graph/formula-nodes.ts";
import type { AttributeRecord } from "./attribute-record.ts";

/**
 * Writes a formula as a WGSL function `formula(score: f32, record: u32, l0: f32, l1: f32, ...) -> f32`
 * with the arithmetic of `FORMULA_ARITHMETIC`. It reads an item's attributes by
 * `record_quad(at: u32) -> vec4<u32>`, from the place `record` on; l0, l1, ... are the logits of the tasks.
 */
export function formulaFunction(
  formula: BoundFormula,
  { record, tasks }: { readonly record: AttributeRecord; readonly tasks: number },
): string {
  const logits = Array.from({ length: tasks }, (_, task) => `, ${logit(task)}: f32`).join("");
  const body = new FormulaText(record).quantity(formula);
  return `fn formula(score: f32, record: u32${logits}) -> f32 {\n  return ${body};\n}\n`;
}

const logit = (task: number): string => `l${task}`;

/** Each part as an expression of WGSL. */
class FormulaText {
  readonly #record: AttributeRecord;

  constructor(record: AttributeRecord) {
    this.#record = record;
  }

  quantity(formula: BoundFormula): string {
    switch (formula.kind) {
      case "number":
        return numberText(formula.value);
      case "score":
        return "score";
      case "task":
        return logit(formula.task);
      case "column":
        return this.#column(formula);
      case "negative":
        return `(-${this.quantity(formula.part)})`;
      case "binary":
        return binary(formula.op, this.quantity(formula.left), this.quantity(formula.right));
      case "call":
        return call(
          formula.name,
          formula.args.map((arg) => this.quantity(arg)),
        );
      case "if":
        return `select(${this.quantity(formula.no)}, ${this.quantity(formula.yes)}, ${this.#condition(formula.condition)})`;
    }
  }

  #condition(condition: BoundCondition): string {
    switch (condition.kind) {
      case "and":
      case "or": {
        const parts = condition.parts.map((part) => this.#condition(part));
        return `(${parts.join(condition.kind === "and" ? " && " : " || ")})`;
      }
      case "not":
        return `!${this.#condition(condition.part)}`;
      case "in": {
        const bit = this.#record.matches.get(matchKey(condition));
        // A match without values is of no item.
        if (bit === undefined) return "false";
        return `((${this.#word(bit >> 5)} & ${(1 << (bit & 31)) >>> 0}u) != 0u)`;
      }
      case "compare": {
        const [a, b] = [this.quantity(condition.left), this.quantity(condition.right)];
        return compare(condition.op, a, b);
      }
    }
  }

  #column({ column, otherwise }: Extract<BoundFormula, { kind: "column" }>): string {
    const value = `number(${this.#word(this.#record.numbers.get(column)!)})`;
    if (otherwise === null) return value;
    return `select(${value}, ${this.quantity(otherwise)}, is_nothing(${value}))`;
  }

  /** A word of the item's attributes. */
  #word(nth: number): string {
    const word = this.#record.at + nth;
    return `record_quad(record + ${word >> 2}u).${"xyzw"[word & 3]!}`;
  }
}

/** By its bits: WGSL knows no literal for what is infinite, and computes with literals on its own. */
function numberText(value: number): string {
  const [bits] = new Uint32Array(Float32Array.of(value).buffer);
  return `number(${bits}u)`;
}

type BinaryOp = Extract<BoundFormula, { kind: "binary" }>["op"];

function binary(op: BinaryOp, a: string, b: string): string {
  switch (op) {
    case "+":
      return `sum(${a}, ${b})`;
    case "-":
      return `sum(${a}, -(${b}))`;
    case "*":
      return `product(${a}, ${b})`;
    case "/":
      return `quotient(${a}, ${b})`;
    case "^":
      return `power(${a}, ${b})`;
  }
}

function call(name: FunctionName, args: readonly string[]): string {
  const [x] = args as readonly [string, ...string[]];
  switch (name) {
    case "min":
      return args.reduce((a, b) => `smaller(${a}, ${b})`);
    case "max":
      return args.reduce((a, b) => `larger(${a}, ${b})`);
    case "abs":
      return `abs(${x})`;
    case "exp":
      return `exponential(${x})`;
    case "log":
      return `logarithm(${x})`;
    case "sqrt":
      return `square_root(${x})`;
    case "sigmoid":
      return `sigmoid(${x})`;
    case "clamp":
      return `smaller(larger(${x}, ${args[1]}), ${args[2]})`;
  }
}

type ComparisonOp = Extract<BoundCondition, { kind: "compare" }>["op"];

/** False where either side is not a number. */
function compare(op: ComparisonOp, a: string, b: string): string {
  switch (op) {
    case "<":
      return `less(${a}, ${b})`;
    case ">":
      return `less(${b}, ${a})`;
    case "=":
      return `equal(${a}, ${b})`;
    case "<=":
      return `(less(${a}, ${b}) || equal(${a}, ${b}))`;
    case ">=":
      return `(less(${b}, ${a}) || equal(${a}, ${b}))`;
    case "!=":
      return `(less(${a}, ${b}) || less(${b}, ${a}))`;
  }
}
