import type { StoredTensor, WeightsFile } from "../../src/onnx/weights-file.ts";
import type { Catalogue, Column } from "../../src/retrieval/catalogue.ts";
import { distinctOf, type AttributeIndex } from "../eligibility/attribute-index.ts";
import { cellColumns, cellCount, NO_VALUE } from "../eligibility/cells.ts";

export interface CellOptions {
  readonly index: AttributeIndex;
  /** Told how much is written, 0..1. */
  readonly onProgress: (fraction: number) => void;
}

/** Items whose rows are made at a time. */
const BLOCK = 1 << 16;

/** Writes the cells of all items, a row an item, int32 [items, cells]: see eligibility/cells.ts. */
export function addCellRows(
  file: WeightsFile,
  { columns, count }: Pick<Catalogue, "columns" | "count">,
  { index, onProgress }: CellOptions,
): Promise<StoredTensor> {
  const cells = cellsOf(columns, index);
  // At least one, so that a condition always has something to look at.
  const width = Math.max(1, cells.length);
  const memory = new Int32Array(Math.min(BLOCK, count) * width);
  function* blocks(): Generator<Int32Array> {
    for (let from = 0; from < count; from += BLOCK) {
      const to = Math.min(from + BLOCK, count);
      const block = memory.subarray(0, (to - from) * width).fill(NO_VALUE);
      for (const [at, valueOf] of cells.entries()) {
        for (let item = from; item < to; item++) {
          block[(item - from) * width + at] = valueOf(item);
        }
      }
      yield block;
      onProgress(to / count);
    }
  }
  return file.add("items.cells", "int32", [count, width], blocks());
}

/**
 * Writes them cell after cell, int32 [cells, places], for a scan.
 * @param placeOf where an item lies.
 */
export function addCellColumns(
  file: WeightsFile,
  { columns, count }: Pick<Catalogue, "columns" | "count">,
  {
    index,
    places,
    placeOf,
    onProgress,
  }: CellOptions & { readonly places: number; readonly placeOf: (row: number) => number },
): Promise<StoredTensor> {
  const cells = cellsOf(columns, index);
  const strip = new Int32Array(places);
  function* strips(): Generator<Int32Array> {
    for (const [at, valueOf] of cells.entries()) {
      strip.fill(NO_VALUE);
      for (let item = 0; item < count; item++) strip[placeOf(item)] = valueOf(item);
      yield strip;
      onProgress((at + 1) / cells.length);
    }
    if (cells.length === 0) yield strip.fill(NO_VALUE);
  }
  return file.add("cells", "int32", [Math.max(1, cells.length), places], strips());
}

/** What each cell of a row holds, by the item. */
function cellsOf(columns: readonly Column[], index: AttributeIndex): ((item: number) => number)[] {
  const numbered = cellColumns(
    columns,
    (column) => distinctOf(index, column),
    (column) => cellCount(columns[column]!),
  );
  return columns.flatMap((column, at) => {
    const { base, cells } = numbered[at]!;
    const entry = index.columns[at]!;
    if (entry.kind === "numeric") {
      const { ranks } = entry;
      return [(item: number) => (ranks[item]! < 0 ? NO_VALUE : base + ranks[item]!)];
    }
    const { offsets, values } = column as Exclude<Column, { kind: "numeric" }>;
    return Array.from({ length: cells }, (_, cell) => (item: number) => {
      const place = offsets[item]! + cell;
      return place < offsets[item + 1]! ? base + values[place]! : NO_VALUE;
    });
  });
}
