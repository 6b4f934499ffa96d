import type { Column } from "../../src/retrieval/catalogue.ts";
import type { BoundMatch } from "../../src/retrieval/filter/bind.ts";
import { hasAny } from "../../src/retrieval/filter/evaluate.ts";
import type { BoundCondition, BoundFormula } from "../../src/retrieval/formula/bind.ts";
import type { ColumnValues } from "../services.ts";

/** What a formula reads of an item's attributes: a number, or whether it has one of some values. */
export type Quantity = { readonly kind: "number"; readonly column: number } | BoundMatch;

/**
 * A formula whose columns are the quantities it reads, by their position among them: each is a
 * float32 an item, so that they can be kept side by side. A match is 1 or 0.
 */
export interface ItemFormula {
  readonly formula: BoundFormula;
  readonly quantities: readonly Quantity[];
}

/** @param formula Bound to the columns of a dataset. */
export function overQuantities(formula: BoundFormula): ItemFormula {
  const quantities = new Map<string, Quantity>();
  const positionOf = (quantity: Quantity): number => {
    const key = JSON.stringify(quantity);
    quantities.set(key, quantity);
    return [...quantities.keys()].indexOf(key);
  };
  const rewritten = rewrite(formula, positionOf);
  return { formula: rewritten, quantities: [...quantities.values()] };
}

type PositionOf = (quantity: Quantity) => number;

function rewrite(part: BoundFormula, positionOf: PositionOf): BoundFormula {
  const each = (inner: BoundFormula): BoundFormula => rewrite(inner, positionOf);
  switch (part.kind) {
    case "number":
    case "score":
    case "task":
      return part;
    case "column": {
      const column = positionOf({ kind: "number", column: part.column });
      return { ...part, column, otherwise: part.otherwise === null ? null : each(part.otherwise) };
    }
    case "negative":
      return { ...part, part: each(part.part) };
    case "binary":
      return { ...part, left: each(part.left), right: each(part.right) };
    case "call":
      return { ...part, args: part.args.map(each) };
    case "if": {
      const condition = rewriteCondition(part.condition, positionOf);
      return { kind: "if", condition, yes: each(part.yes), no: each(part.no) };
    }
  }
}

function rewriteCondition(part: BoundCondition, positionOf: PositionOf): BoundCondition {
  switch (part.kind) {
    case "and":
    case "or":
      return { ...part, parts: part.parts.map((each) => rewriteCondition(each, positionOf)) };
    case "not":
      return { ...part, part: rewriteCondition(part.part, positionOf) };
    case "compare": {
      const [left, right] = [rewrite(part.left, positionOf), rewrite(part.right, positionOf)];
      return { ...part, left, right };
    }
    case "in": {
      const left = { kind: "column", column: positionOf(part), otherwise: null } as const;
      return { kind: "compare", op: "=", left, right: { kind: "number", value: 1 } };
    }
  }
}

/** The columns that quantities are read from, by position in the dataset, each once. */
export function columnsOf(quantities: readonly Quantity[]): number[] {
  return [...new Set(quantities.map(({ column }) => column))];
}

/**
 * Quantities of some items: float32[items] each.
 * @param found What `columnsOf` named, in its order.
 */
export function quantitiesOf(
  quantities: readonly Quantity[],
  found: readonly ColumnValues[],
  items: number,
): Float32Array[] {
  const asked = columnsOf(quantities);
  const columns = found.map(
    (column): Column => ({ vocabulary: [], name: "", ...column }) as Column,
  );
  return quantities.map((quantity) => {
    const column = asked.indexOf(quantity.column);
    if (quantity.kind === "number") return columns[column]!.values as Float32Array;
    const match = { ...quantity, column };
    return Float32Array.from({ length: items }, (_, item) =>
      Number(hasAny(match, { columns }, item)),
    );
  });
}
