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
  const read: Reads = { columns: new Set(), matches: new Map() };
  collect(formula, read);
  const numbers = new Map<number, StoredTensor>();
  for (const column of read.columns) {
    const { values } = catalogue.columns[column] as NumericColumn;
    const name = `value.column.${column}`;
    numbers.set(column, await file.add(name, "float32", [catalogue.count], values));
  }
  const matches = new Map<string, StoredTensor>();
  for (const [key, match] of read.matches) {
    const flags = new Uint8Array(catalogue.count);
    for (let row = 0; row < flags.length; row++) flags[row] = Number(hasAny(match, catalogue, row));
    const name = `value.match.${matches.size}`;
    matches.set(key, await file.add(name, "bool", [catalogue.count], flags));
  }
  return { numbers, matches };
}

interface Reads {
  readonly columns: Set<number>;
  readonly matches: Map<string, BoundMatch>;
}

function collect(part: BoundFormula | BoundCondition, read: Reads): void {
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
