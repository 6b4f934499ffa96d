import type { StoredTensor, WeightsFile } from "../../src/onnx/weights-file.ts";
import type { Catalogue, Column } from "../../src/retrieval/catalogue.ts";
import { distinctOf, upperBound, type AttributeIndex } from "../eligibility/attribute-index.ts";
import { cellColumns, NO_VALUE, type CellColumn } from "../eligibility/cells.ts";

/** Writes the cells of all items, int32 [items, cells]: see eligibility/cells.ts. */
export function addCells(
  file: WeightsFile,
  { columns, count }: Pick<Catalogue, "columns" | "count">,
  index: AttributeIndex,
): Promise<StoredTensor> {
  const slots = columns.map(slotsOf);
  // At least one, so that a condition always has something to look at.
  const width = Math.max(
    1,
    slots.reduce((sum, each) => sum + each, 0),
  );
  const cells = new Int32Array(count * width).fill(NO_VALUE);
  const numbered = cellColumns(columns, (column) => distinctOf(index, column));
  let first = 0;
  for (const [at, column] of columns.entries()) {
    for (let item = 0; item < count; item++) {
      const values = valuesOf(column, numbered[at]!, item);
      cells.set(values, item * width + first);
    }
    first += slots[at]!;
  }
  return file.add("items.cells", "int32", [count, width], cells);
}

function valuesOf(column: Column, { base, distinct }: CellColumn, item: number): number[] {
  if (column.kind === "numeric") {
    const value = column.values[item]!;
    return Number.isNaN(value) ? [] : [base + upperBound(distinct!, value) - 1];
  }
  const codes = column.values.subarray(column.offsets[item], column.offsets[item + 1]);
  return Array.from(codes, (code) => base + code);
}

/** Cells of a column: one a value that an item may have. */
function slotsOf(column: Column): number {
  if (column.kind === "numeric") return 1;
  let most = 0;
  for (let item = 0; item + 1 < column.offsets.length; item++) {
    most = Math.max(most, column.offsets[item + 1]! - column.offsets[item]!);
  }
  return most;
}
