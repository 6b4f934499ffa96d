import type { WeightsFile } from "../../src/onnx/weights-file.ts";
import type { StoredTensor } from "../../src/onnx/weights-file.ts";
import type { Catalogue, NumericColumn } from "../../src/retrieval/catalogue.ts";
import type { BoundMatch } from "../../src/retrieval/filter/bind.ts";
import { hasAny } from "../../src/retrieval/filter/evaluate.ts";
import type { BoundCondition, BoundFormula } from "../../src/retrieval/formula/bind.ts";
import { matchKey, type FormulaColumns } from "../graph/formula-nodes.ts";

/** Writes what a formula reads of each item: its numbers, and which matches it satisfies. */
export async function addFormulaColumns(
  file: WeightsFile,
  formula: BoundFormula,
  catalogue: Catalogue,
): Promise<FormulaColumns> {
  const read = formulaReads(formula);
  const { count } = catalogue;
  const numbers = new Map<number, StoredTensor>();
  for (const column of read.columns) {
    const values = formulaNumbers(column, catalogue);
    numbers.set(column, await file.add(formulaColumnTensor(column), "float32", [count], values));
  }
  const matches = new Map<string, StoredTensor>();
  for (const [key, match] of read.matches) {
    const flags = formulaFlags(match, catalogue);
    matches.set(key, await file.add(formulaMatchTensor(matches.size), "bool", [count], flags));
  }
  return { numbers, matches };
}

/** The numbers of a column that a formula reads: not a number where absent. */
export const formulaNumbers = (
  column: number,
  { columns }: Pick<Catalogue, "columns">,
): Float32Array => (columns[column] as NumericColumn).values;

/** Of each item 1 where it satisfies a match, else 0. */
export function formulaFlags(
  match: BoundMatch,
  catalogue: Pick<Catalogue, "columns" | "count">,
): Uint8Array {
  const flags = new Uint8Array(catalogue.count);
  for (let row = 0; row < flags.length; row++) flags[row] = Number(hasAny(match, catalogue, row));
  return flags;
}

/** Numbers of a column, by its position; and which items satisfy a match, by its place. */
export const formulaColumnTensor = (column: number): string => `value.column.${column}`;
export const formulaMatchTensor = (place: number): string => `value.match.${place}`;

/** What a formula reads of an item: numeric columns by position, matches by `matchKey`, in order. */
export interface FormulaReads {
  readonly columns: Set<number>;
  readonly matches: Map<string, BoundMatch>;
}

/** What a formula reads of an item. */
export function formulaReads(formula: BoundFormula): FormulaReads {
  const read: FormulaReads = { columns: new Set(), matches: new Map() };
  collect(formula, read);
  return read;
}

function collect(part: BoundFormula | BoundCondition, read: FormulaReads): void {
  switch (part.kind) {
    case "number":
    case "score":
    case "task":
      return;
    case "column":
      read.columns.add(part.column);
      if (part.otherwise !== null) collect(part.otherwise, read);
      return;
    case "negative":
    case "not":
      collect(part.part, read);
      return;
    case "binary":
    case "compare":
      collect(part.left, read);
      collect(part.right, read);
      return;
    case "call":
      for (const arg of part.args) collect(arg, read);
      return;
    case "and":
    case "or":
      for (const each of part.parts) collect(each, read);
      return;
    case "in":
      if (part.codes.length > 0) read.matches.set(matchKey(part), part);
      return;
    case "if":
      collect(part.condition, read);
      collect(part.yes, read);
      collect(part.no, read);
  }
}
