import type { Catalogue } from "../catalogue.ts";
import type { OverArch } from "./over-arch.ts";
import { overArchScorer } from "./over-arch-scorer.ts";

/**
 * What an OverArch needs of each item, computed once when an index is built instead of at every
 * request; all float32 and row-major.
 */
export type EmbeddingCache =
  | {
      readonly kind: "mol";
      /** [rows, P_x d'] normalised components. */
      readonly components: Float32Array;
      /** [rows, T P] the item's part of each task's gate, task after task. */
      readonly gates: Float32Array;
    }
  | {
      readonly kind: "mlp";
      /** [rows, width] the item's part of the first layer, without bias. */
      readonly hidden: Float32Array;
    };

/** x [itemDim] of one row: its embedding, then its dense features. */
export function itemFeatures(
  catalogue: Pick<Catalogue, "dim" | "embeddings" | "denseDim" | "dense">,
  row: number,
  out: Float64Array,
): void {
  const { dim, embeddings, denseDim, dense } = catalogue;
  out.set(embeddings.subarray(row * dim, (row + 1) * dim));
  if (denseDim > 0) out.set(dense.subarray(row * denseDim, (row + 1) * denseDim), dim);
}

/** The embedding cache of the rows `from .. to`: computed in float64, then rounded. */
export function embeddingCache(
  overArch: OverArch,
  catalogue: Pick<Catalogue, "dim" | "embeddings" | "denseDim" | "dense">,
  from: number,
  to: number,
): EmbeddingCache {
  const scorer = overArchScorer(overArch);
  const features = new Float64Array(overArch.itemDim);
  const side = new Float64Array(scorer.itemWidth);
  const first = overArch.kind === "mol" ? overArch.itemGroups * overArch.dim : scorer.itemWidth;
  const rest = scorer.itemWidth - first;
  const firsts = new Float32Array((to - from) * first);
  const rests = new Float32Array((to - from) * rest);
  for (let row = from; row < to; row++) {
    itemFeatures(catalogue, row, features);
    scorer.itemSide(features, side);
    firsts.set(side.subarray(0, first), (row - from) * first);
    rests.set(side.subarray(first), (row - from) * rest);
  }
  return overArch.kind === "mol"
    ? { kind: "mol", components: firsts, gates: rests }
    : { kind: "mlp", hidden: firsts };
}
