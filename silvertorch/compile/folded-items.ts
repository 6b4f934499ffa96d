import type { StoredTensor, WeightsFile } from "../../src/onnx/weights-file.ts";
import type { Catalogue } from "../../src/retrieval/catalogue.ts";
import { foldItem, type FoldLayout } from "../eligibility/fold.ts";

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
