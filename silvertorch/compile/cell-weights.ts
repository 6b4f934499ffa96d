import type { StoredTensor, WeightsFile } from "../../src/onnx/weights-file.ts";
import type { Catalogue, Column } from "../../src/retrieval/catalogue.ts";
import { distinctOf, upperBound, type AttributeIndex } from "../eligibility/attribute-index.ts";
import { cellColumns, cellCount, NO_VALUE, type CellColumn } from "../eligibility/cells.ts";

type Attributes = Pick<Catalogue, "columns" | "count">;

/** Writes the cells of all items, a row an item, int32 [items, cells]: see eligibility/cells.ts. */
export function addCellRows(
  file: WeightsFile,
  { columns, count }: Attributes,
  index: AttributeIndex,
): Promise<StoredTensor> {
  const numbered = numberedCells(columns, index);
  // At least one, so that a condition always has something to look at.
  const width = Math.max(1, cellsOf(numbered));
  const cells = new Int32Array(count * width).fill(NO_VALUE);
  for (const [at, column] of columns.entries()) {
    const { first } = numbered[at]!;
    for (let item = 0; item < count; item++) {
      cells.set(valuesOf(column, numbered[at]!, item), item * width + first);
    }
  }
  return file.add("items.cells", "int32", [count, width], cells);
}

/**
 * Writes them cell after cell, int32 [cells, places], for a scan.
 * @param placeOf where an item lies.
 */
export function addCellColumns(
  file: WeightsFile,
  { columns, count }: Attributes,
  {
    index,
    places,
    placeOf,
  }: {
    readonly index: AttributeIndex;
    readonly places: number;
    readonly placeOf: (row: number) => number;
  },
): Promise<StoredTensor> {
  const numbered = numberedCells(columns, index);
  function* table(): Generator<Int32Array> {
    for (const [at, column] of columns.entries()) {
      const strips = Array.from({ length: numbered[at]!.cells }, () =>
        new Int32Array(places).fill(NO_VALUE),
      );
      for (let item = 0; item < count; item++) {
        for (const [cell, value] of valuesOf(column, numbered[at]!, item).entries()) {
          strips[cell]![placeOf(item)] = value;
        }
      }
      yield* strips;
    }
    if (cellsOf(numbered) === 0) yield new Int32Array(places).fill(NO_VALUE);
  }
  return file.add("cells", "int32", [Math.max(1, cellsOf(numbered)), places], table());
}

const numberedCells = (columns: readonly Column[], index: AttributeIndex): CellColumn[] =>
  cellColumns(
    columns,
    (column) => distinctOf(index, column),
    (column) => cellCount(columns[column]!),
  );

const cellsOf = (columns: readonly CellColumn[]): number =>
  columns.reduce((sum, { cells }) => sum + cells, 0);

function valuesOf(column: Column, { base, distinct }: CellColumn, item: number): number[] {
  if (column.kind === "numeric") {
    const value = column.values[item]!;
    return Number.isNaN(value) ? [] : [base + upperBound(distinct!, value) - 1];
  }
  const codes = column.values.subarray(column.offsets[item], column.offsets[item + 1]);
  return Array.from(codes, (code) => base + code);
}
