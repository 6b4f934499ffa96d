import type { StoredTensor, WeightsFile } from "../../src/onnx/weights-file.ts";
import type { Catalogue, Column } from "../../src/retrieval/catalogue.ts";
import { foldItem, type FoldLayout } from "../eligibility/fold.ts";
import { type Folding, seemingCounts } from "../eligibility/fold-share.ts";
import type { Artifact } from "./artifact.ts";

/** Items made at a time. */
const BLOCK = 4096;

/** Writes each item's embedding with its conditions behind, float32 [places, dim + layout.dims], by row. */
export function addFoldedItems(
  file: WeightsFile,
  { count, dim, embeddings, columns }: Catalogue,
  {
    layout,
    places,
    onProgress,
  }: {
    readonly layout: FoldLayout;
    readonly places: number;
    /** Told how many are written, 0..1. */
    readonly onProgress: (fraction: number) => void;
  },
): Promise<StoredTensor> {
  const width = dim + layout.dims;
  function* blocks(): Generator<Float32Array> {
    for (let from = 0; from < places; from += BLOCK) {
      const block = new Float32Array(Math.min(BLOCK, places - from) * width);
      for (let item = from; item < Math.min(from + BLOCK, count); item++) {
        const at = (item - from) * width;
        block.set(embeddings.subarray(item * dim, (item + 1) * dim), at);
        foldItem(layout, { columns, item, into: block.subarray(at + dim, at + width) });
      }
      yield block;
      onProgress(Math.min(1, (from + BLOCK) / places));
    }
  }
  return file.add("items.folded", "float32", [places, width], blocks());
}

/** Writes how many items seem to hold each value that the layout has a code for. */
export async function addSeemingCounts(
  file: WeightsFile,
  columns: readonly Column[],
  { codes }: FoldLayout,
): Promise<void> {
  for (const code of codes) {
    const counts = seemingCounts(code, columns);
    await file.add(seemingTensor(code.column), "uint32", [counts.length], counts);
  }
}

/** How an artifact's filters are folded; null: they are not. */
export async function readFolding(artifact: Artifact): Promise<Folding | null> {
  const { folded: layout } = artifact.manifest;
  if (layout === null) return null;
  const seeming: Uint32Array[] = [];
  for (const { column } of layout.codes) {
    seeming.push(new Uint32Array(await artifact.tensor(seemingTensor(column))));
  }
  return { layout, seeming };
}

const seemingTensor = (column: number): string => `column.${column}.seeming`;
