import type { ComparisonOp } from "../filter/grammar.ts";

/**
 * The Value Model: a formula that gives each candidate the number it is ranked by.
 *
 *     0.7 * click + 0.3 * watch * if(lang:en AND age_days <= 7, 1.2, 1) - 0.01 * default(age_days, 30)
 *
 * Names are `score` (the item's largest inner product over the heads that hold it), the model's
 * tasks and the catalogue's columns. From loose to tight: OR, AND, NOT, comparison, `+ -`, `* /`,
 * unary `-`, `^` (from the right). Numbers and conditions are different things: `if` makes a
 * number of a condition, a comparison a condition of two numbers.
 *
 * Positions count from 1, in UTF-16 units.
 */
export type Formula = Quantity;

/** What has a number as its value. */
export type Quantity =
  | { readonly kind: "number"; readonly value: number }
  | Name
  | { readonly kind: "negative"; readonly part: Quantity }
  | {
      readonly kind: "binary";
      readonly op: BinaryOp;
      readonly left: Quantity;
      readonly right: Quantity;
    }
  | { readonly kind: "call"; readonly name: FunctionName; readonly args: readonly Quantity[] }
  | Default
  | {
      readonly kind: "if";
      readonly condition: Condition;
      readonly yes: Quantity;
      readonly no: Quantity;
    };

/** `score`, a task or a numeric column. */
export interface Name {
  readonly kind: "name";
  readonly name: string;
  readonly position: number;
}

/** `default(age_days, 30)`: a numeric column, and what stands for it where an item has no value. */
export interface Default {
  readonly kind: "default";
  readonly name: string;
  readonly position: number;
  readonly otherwise: Quantity;
}

/** What is true or false of an item. */
export type Condition =
  | { readonly kind: "and" | "or"; readonly parts: readonly Condition[] }
  | { readonly kind: "not"; readonly part: Condition }
  | FormulaMatch
  | {
      readonly kind: "compare";
      readonly op: ComparisonOp;
      readonly left: Quantity;
      readonly right: Quantity;
    };

/** `lang:en` or `country IN (us, gb)`, as in a filter. */
export interface FormulaMatch {
  readonly kind: "match";
  readonly name: string;
  readonly values: readonly string[];
  readonly position: number;
}

export type BinaryOp = "+" | "-" | "*" | "/" | "^";

export type FunctionName = "min" | "max" | "abs" | "exp" | "log" | "sqrt" | "sigmoid" | "clamp";
