import type { Column } from "../../src/retrieval/catalogue.ts";
import type { BoundFilter } from "../../src/retrieval/filter/bind.ts";
import type { ComparisonOp } from "../../src/retrieval/filter/grammar.ts";
import { upperBound } from "./attribute-index.ts";
import { combine, constant, literal, negate, type Expression } from "./expression.ts";

/**
 * The attributes of an item as a row of whole numbers, *cells*: each value of each column has a
 * number of its own, a categorical one by its code, a numeric one by its rank among the column's
 * distinct numbers. So any condition is "some cell lies within a range".
 */
export interface CellColumn {
  /** Number of the column's first value. */
  readonly base: number;
  /** Where in the row its cells begin, and how many they are: one a value that an item may have. */
  readonly first: number;
  readonly cells: number;
  /** Distinct numbers of a numeric column, ascending; null: the column is categorical. */
  readonly distinct: Float32Array | null;
}

/** What a cell without a value holds. */
export const NO_VALUE = -1;

/**
 * Numbers the values of columns.
 * @param distinct of the numeric ones, by position.
 * @param cells of each column, by position.
 */
export function cellColumns(
  columns: readonly Column[],
  distinct: (column: number) => Float32Array,
  cells: (column: number) => number,
): CellColumn[] {
  let base = 0;
  let first = 0;
  return columns.map((column, at) => {
    const numbers = column.kind === "numeric" ? distinct(at) : null;
    const entry = { base, first, cells: cells(at), distinct: numbers };
    base += column.kind === "numeric" ? numbers!.length : column.vocabulary.length;
    first += entry.cells;
    return entry;
  });
}

/** Cells of a column: as many as some item has values. */
export function cellCount(column: Column): number {
  if (column.kind === "numeric") return 1;
  let most = 0;
  for (let item = 0; item + 1 < column.offsets.length; item++) {
    most = Math.max(most, column.offsets[item + 1]! - column.offsets[item]!);
  }
  return most;
}

/** Lowest and highest number, both included; of one cell of a row, that cell's place before. */
export type CellRange =
  | readonly [low: number, high: number]
  | readonly [place: number, low: number, high: number];

/** A filter as an expression over ranges: row r of a literal is the r-th range. */
export class CellConditions {
  readonly ranges: CellRange[] = [];
  readonly #columns: readonly CellColumn[];
  readonly #looksAt: "row" | "cell";

  /** @param looksAt what a literal is about: some cell of a row, or the one it names. */
  constructor(columns: readonly CellColumn[], looksAt: "row" | "cell" = "row") {
    this.#columns = columns;
    this.#looksAt = looksAt;
  }

  expression(filter: BoundFilter): Expression {
    switch (filter.kind) {
      case "all":
        return constant(true);
      case "not":
        return negate(this.expression(filter.part));
      case "and":
      case "or":
        return combine(
          filter.kind,
          filter.parts.map((part) => this.expression(part)),
        );
      case "in":
        return combine(
          "or",
          stretches(filter.codes).map(([low, high]) => this.#within(filter.column, low, high)),
        );
      case "compare":
        return this.#compares(filter.column, filter.op, filter.value);
    }
  }

  #compares(column: number, op: ComparisonOp, value: number): Expression {
    const distinct = this.#columns[column]!.distinct!;
    const last = distinct.length - 1;
    // Ranks up to `atMost` are of numbers <= value, those from `least` on of numbers >= value.
    const atMost = upperBound(distinct, value) - 1;
    const least = atMost >= 0 && distinct[atMost] === value ? atMost : atMost + 1;
    const within = (low: number, high: number): Expression => this.#within(column, low, high);
    switch (op) {
      case "<=":
        return within(0, atMost);
      case "<":
        return within(0, least - 1);
      case ">":
        return within(atMost + 1, last);
      case ">=":
        return within(least, last);
      case "=":
        return within(least, atMost);
      case "!=":
        return combine("or", [within(0, least - 1), within(atMost + 1, last)]);
    }
  }

  #within(column: number, low: number, high: number): Expression {
    if (low > high) return constant(false);
    const { base, first, cells } = this.#columns[column]!;
    const range = [base + low, base + high] as const;
    if (this.#looksAt === "row") return this.#literal(range);
    const places = Array.from({ length: cells }, (_, at) => first + at);
    return combine(
      "or",
      places.map((place) => this.#literal([place, ...range])),
    );
  }

  #literal(range: CellRange): Expression {
    return literal(this.ranges.push(range) - 1);
  }
}

/** Ascending codes as stretches of neighbours. */
function stretches(codes: readonly number[]): [first: number, last: number][] {
  const found: [number, number][] = [];
  for (const code of codes) {
    const current = found.at(-1);
    if (current !== undefined && current[1] === code - 1) current[1] = code;
    else found.push([code, code]);
  }
  return found;
}
