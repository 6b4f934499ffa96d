import { printValue } from "../filter/scanner.ts";
import type { BinaryOp, Condition, Formula, Quantity } from "./grammar.ts";

/** The formula as text that `parseFormula` reads back as the same tree (but for positions). */
export function printFormula(formula: Formula): string {
  return print(formula, 0);
}

/** A part, in brackets where it binds less tightly than what is around it asks for. */
function print(part: Quantity | Condition, atLeast: number): string {
  const text = bare(part);
  return bindingOf(part) < atLeast ? `(${text})` : text;
}

function bare(part: Quantity | Condition): string {
  const binding = bindingOf(part);
  switch (part.kind) {
    case "and":
    case "or":
      return part.parts
        .map((each) => print(each, binding + 1))
        .join(` ${part.kind.toUpperCase()} `);
    case "not":
      return `NOT ${print(part.part, binding)}`;
    case "match": {
      const values = part.values.map(printValue);
      return values.length === 1
        ? `${part.name}:${values[0]}`
        : `${part.name} IN (${values.join(", ")})`;
    }
    case "compare":
      return `${print(part.left, binding + 1)} ${part.op} ${print(part.right, binding + 1)}`;
    case "binary": {
      // A power groups from the right, and its exponent may have a sign; all else from the left.
      const [left, right] =
        part.op === "^" ? [BINDINGS.number, BINDINGS.negative] : [binding, binding + 1];
      return `${print(part.left, left)} ${part.op} ${print(part.right, right)}`;
    }
    case "negative":
      return `-${print(part.part, binding)}`;
    case "number":
      return String(part.value);
    case "name":
      return part.name;
    case "call":
      return `${part.name}(${part.args.map((each) => print(each, 0)).join(", ")})`;
    case "default":
      return `default(${part.name}, ${print(part.otherwise, 0)})`;
    case "if":
      return `if(${print(part.condition, 0)}, ${print(part.yes, 0)}, ${print(part.no, 0)})`;
  }
}

/** How tightly each kind of part binds; a binary operation as its operator says. */
const BINDINGS = {
  or: 0,
  and: 1,
  not: 2,
  compare: 3,
  negative: 6,
  number: 8,
  name: 8,
  match: 8,
  call: 8,
  default: 8,
  if: 8,
} as const;

const OPERATORS: Readonly<Record<BinaryOp, number>> = { "+": 4, "-": 4, "*": 5, "/": 5, "^": 7 };

function bindingOf(part: Quantity | Condition): number {
  return part.kind === "binary" ? OPERATORS[part.op] : BINDINGS[part.kind];
}
