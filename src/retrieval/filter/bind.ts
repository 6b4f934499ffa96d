import { HarnessError } from "../../errors.ts";
import { didYouMean } from "../../nearest-word.ts";
import type { CategoricalColumn, Column, NumericColumn } from "../catalogue.ts";
import type { Comparison, ComparisonOp, Filter, Match } from "./grammar.ts";
import { printFilter } from "./print.ts";
import { printValue } from "./scanner.ts";

/**
 * A filter in terms of a catalogue: columns by position, values by code, numbers rounded to
 * float32. Plain data that survives JSON and postMessage. Filters that differ only in nesting of
 * the same operator or in repeated values bind to the same tree.
 */
export type BoundFilter =
  | { readonly kind: "all" }
  | { readonly kind: "and" | "or"; readonly parts: readonly BoundFilter[] }
  | { readonly kind: "not"; readonly part: BoundFilter }
  | BoundMatch
  | {
      readonly kind: "compare";
      readonly column: number;
      readonly op: ComparisonOp;
      /** A float32 value; +-Infinity where the literal is beyond float32. */
      readonly value: number;
    };

/** True where the item has any of the codes of a categorical column. */
export interface BoundMatch {
  readonly kind: "in";
  readonly column: number;
  /** Ascending, each once. Empty: none of the values is in the catalogue, so nothing matches. */
  readonly codes: readonly number[];
}

/**
 * Resolves the names and values of a filter against a catalogue's columns. A value that no item
 * has is no error: it matches nothing.
 *
 * @throws HarnessError BAD_INPUT naming the column: it is unknown, `:` or IN on a numeric one, a
 *   comparison on a categorical one.
 */
export function bindFilter(filter: Filter, columns: readonly Column[]): BoundFilter {
  switch (filter.kind) {
    case "all":
      return filter;
    case "and":
    case "or": {
      const { kind } = filter;
      const parts = filter.parts.map((part) => bindFilter(part, columns));
      return { kind, parts: parts.flatMap((part) => (part.kind === kind ? part.parts : [part])) };
    }
    case "not":
      return { kind: "not", part: bindFilter(filter.part, columns) };
    case "match":
      return bindMatch(filter, columns);
    case "compare":
      return bindComparison(filter, columns);
  }
}

/** Where a match stands, for messages. */
export interface Place {
  readonly text: string;
  readonly field: string;
}

const FILTER: Place = { text: "filter", field: "filter" };

/**
 * Resolves the name and the values of one match.
 *
 * @throws HarnessError BAD_INPUT where the column is unknown or numeric.
 */
export function bindMatch(
  match: Pick<Match, "name" | "values">,
  columns: readonly Column[],
  place = FILTER,
): BoundMatch {
  const position = positionOf(match.name, columns, place);
  const column = columns[position]!;
  if (column.kind === "numeric") {
    const equal = match.values.map((value) => `${match.name} = ${printValue(value)}`).join(" OR ");
    throw new HarnessError(
      "BAD_INPUT",
      `${place.text}: ${match.name} is a number and cannot be matched with ${match.values.length === 1 ? '":"' : "IN"}`,
      { where: place.field, hint: `compare it, as in ${equal}` },
    );
  }
  const vocabulary = codesOf(column);
  const codes = new Set<number>();
  for (const value of match.values) {
    const code = vocabulary.get(value);
    if (code !== undefined) codes.add(code);
  }
  return { kind: "in", column: position, codes: [...codes].toSorted((a, b) => a - b) };
}

function bindComparison(comparison: Comparison, columns: readonly Column[]): BoundFilter {
  const { name, op } = comparison;
  const position = positionOf(name, columns, FILTER);
  if (columns[position]!.kind === "categorical") {
    throw new HarnessError(
      "BAD_INPUT",
      `filter: ${name} has values, not numbers, and cannot be compared (${printFilter(comparison)})`,
      {
        where: "filter",
        hint: `match it, as in ${op === "!=" ? "NOT " : ""}${name}:${comparison.value}`,
      },
    );
  }
  return { kind: "compare", column: position, op, value: Math.fround(comparison.value) };
}

/** Column names listed in an error before the rest is only counted. */
const LISTED = 20;

function positionOf(name: string, columns: readonly Column[], place: Place): number {
  const position = columns.findIndex((column) => column.name === name);
  if (position >= 0) return position;
  const near = didYouMean(
    name,
    columns.map((column) => column.name),
  );
  const listed = columns.slice(0, LISTED).map(describe).join(", ");
  const rest = columns.length > LISTED ? ` and ${columns.length - LISTED} more` : "";
  throw new HarnessError(
    "BAD_INPUT",
    `${place.text}: there is no column "${name}"${near}; there ${columns.length === 0 ? "are none" : `are ${listed}${rest}`}`,
    { where: place.field },
  );
}

const describe = (column: CategoricalColumn | NumericColumn): string =>
  column.kind === "numeric" ? `${column.name} (a number)` : column.name;

/** Value -> code of a column's vocabulary, made at its first use. */
function codesOf(column: CategoricalColumn): ReadonlyMap<string, number> {
  let codes = vocabularies.get(column.vocabulary);
  if (codes === undefined) {
    codes = new Map(column.vocabulary.map((value, code) => [value, code]));
    vocabularies.set(column.vocabulary, codes);
  }
  return codes;
}

const vocabularies = new WeakMap<readonly string[], ReadonlyMap<string, number>>();
