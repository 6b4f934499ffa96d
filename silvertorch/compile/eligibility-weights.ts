import type { OnProgress } from "../../src/dataset/dataset.ts";
import type { StoredTensor, WeightsFile } from "../../src/onnx/weights-file.ts";
import type { Catalogue } from "../../src/retrieval/catalogue.ts";
import type { AttributeIndex } from "../eligibility/attribute-index.ts";
import type { BitmapLayout } from "../eligibility/bitmap-layout.ts";
import { bitmapTable } from "../eligibility/bitmap-table.ts";
import { foldLayout, type FoldLayout } from "../eligibility/fold.ts";
import type { BitmapWeights } from "../graph/bitmap-eligibility.ts";
import type { CellWeights } from "../graph/cell-eligibility.ts";
import type { DeviceForm } from "../graph/device-form.ts";
import type { RetrievalWeights } from "../graph/retrieval-graph.ts";
import { addCellColumns, addCellRows, type CellOptions } from "./cell-weights.ts";
import { addFoldedItems, addSeemingCounts } from "./folded-items.ts";
import type { EligibilitySettings } from "./manifest.ts";

export interface EligibilityParts {
  readonly settings: EligibilitySettings;
  readonly index: AttributeIndex;
  readonly layout: BitmapLayout;
  readonly placeOf: (row: number) => number;
  /** Of the clusters; null: there are none. */
  readonly padding: StoredTensor | null;
  readonly onProgress: OnProgress;
}

/** Eligibility as the graphs take it, whatever their form. */
export interface WrittenEligibility {
  readonly of: (form: DeviceForm) => Pick<RetrievalWeights, "eligibility" | "cells" | "folded">;
  readonly folded: FoldLayout | null;
  /** Whether what signatures let through is checked. */
  readonly checked: boolean;
}

/** Writes what tells which items a filter lets through: bitmaps, cells, and what is folded. */
export async function addEligibility(
  file: WeightsFile,
  catalogue: Catalogue,
  parts: EligibilityParts,
): Promise<WrittenEligibility> {
  const { settings, index, layout, placeOf, padding, onProgress } = parts;
  const byBitmaps = await addBitmaps(file, catalogue, parts);
  const checked = settings.kind === "bloom" && settings.exact;
  const writing = (what: string): CellOptions => ({
    index,
    onProgress: (fraction) => onProgress(`writing the attributes by ${what}`, fraction),
  });
  const cells =
    checked || settings.kind === "folded"
      ? await addCellRows(file, catalogue, writing("item"))
      : null;
  const places = layout.paddedItems;
  const byCells: CellWeights = {
    kind: "cells",
    cells: await addCellColumns(file, catalogue, { ...writing("column"), places, placeOf }),
    padding,
  };
  const foldedAs = settings.kind === "folded" ? foldLayout(catalogue.columns) : null;
  if (foldedAs !== null) await addSeemingCounts(file, catalogue.columns, foldedAs);
  const folded =
    foldedAs === null || cells === null
      ? null
      : {
          items: await addFoldedItems(file, catalogue, {
            layout: foldedAs,
            places,
            onProgress: (fraction) => onProgress("folding conditions into the items", fraction),
          }),
          cells,
        };
  return {
    of: (form) =>
      form.eligibility === "bitmaps"
        ? { eligibility: byBitmaps, cells: checked ? cells : null, folded }
        : { eligibility: byCells, cells: null, folded: null },
    folded: foldedAs,
    checked,
  };
}

async function addBitmaps(
  file: WeightsFile,
  { columns }: Catalogue,
  { index, layout, onProgress }: EligibilityParts,
): Promise<BitmapWeights> {
  const bitmaps = counted(bitmapTable(index, columns, layout), (done) =>
    onProgress("writing the bitmaps", done / index.rows),
  );
  return {
    kind: "bitmaps",
    blockWords: layout.blockWords,
    penalties: await file.add("penalties", "float32", [256, 8], bitPenalties()),
    bitmaps: await file.add("bitmaps", "uint64", [index.rows, layout.words], bitmaps),
  };
}

/** Of each byte and each of its bits: 0 where it is set, -inf where it is not. */
function bitPenalties(): Float32Array {
  return Float32Array.from({ length: 256 * 8 }, (_, at) =>
    ((at >> 3) >> (at & 7)) & 1 ? 0 : -Infinity,
  );
}

function* counted<T>(all: Iterable<T>, onCount: (done: number) => void): Generator<T> {
  let done = 0;
  for (const one of all) {
    yield one;
    done++;
    if (done % 16 === 0) onCount(done);
  }
  onCount(done);
}
