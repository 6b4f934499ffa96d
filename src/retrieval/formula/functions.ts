import type { FunctionName } from "./grammar.ts";

/** What a function of a formula takes and gives, in float64. */
export interface FormulaFunction {
  readonly least: number;
  readonly most: number;
  /** What is not a number makes the outcome none. */
  readonly apply: (args: readonly number[]) => number;
}

const one = (apply: (x: number) => number): FormulaFunction => ({
  least: 1,
  most: 1,
  apply: ([x]) => apply(x!),
});

/** The functions, beside `if` and `default`, which are no functions of numbers alone. */
export const FUNCTIONS: Readonly<Record<FunctionName, FormulaFunction>> = {
  min: { least: 2, most: Infinity, apply: (args) => Math.min(...args) },
  max: { least: 2, most: Infinity, apply: (args) => Math.max(...args) },
  abs: one(Math.abs),
  exp: one(Math.exp),
  log: one(Math.log),
  sqrt: one(Math.sqrt),
  sigmoid: one((x) => 1 / (1 + Math.exp(-x))),
  /** clamp(x, low, high); where low > high, it is high. */
  clamp: { least: 3, most: 3, apply: ([x, low, high]) => Math.min(Math.max(x!, low!), high!) },
};

/** Whether a name is that of a function. */
export function isFunctionName(name: string): name is FunctionName {
  return Object.hasOwn(FUNCTIONS, name);
}
