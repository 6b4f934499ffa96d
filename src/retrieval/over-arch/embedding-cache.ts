import { ItemFeatures, type FeaturedCatalogue } from "./item-features.ts";
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

/** Computes the embedding cache of the rows `from .. to` of a catalogue. */
export type CacheMaker = (catalogue: FeaturedCatalogue, from: number, to: number) => EmbeddingCache;

/** The embedding cache of the rows `from .. to`: computed in float64, then rounded. */
export function embeddingCache(
  overArch: OverArch,
  catalogue: FeaturedCatalogue,
  from: number,
  to: number,
): EmbeddingCache {
  return cacheMaker(overArch)(catalogue, from, to);
}

/** The same for many small catalogues, with the layers made ready once. */
export function cacheMaker(overArch: OverArch): CacheMaker {
  const scorer = overArchScorer(overArch);
  const side = new Float64Array(scorer.itemWidth);
  const first = overArch.kind === "mol" ? overArch.itemGroups * overArch.dim : scorer.itemWidth;
  const rest = scorer.itemWidth - first;
  return (catalogue, from, to) => {
    const features = new ItemFeatures(catalogue);
    const firsts = new Float32Array((to - from) * first);
    const rests = new Float32Array((to - from) * rest);
    for (let row = from; row < to; row++) {
      scorer.itemSide(features.of(row), side);
      firsts.set(side.subarray(0, first), (row - from) * first);
      rests.set(side.subarray(first), (row - from) * rest);
    }
    return overArch.kind === "mol"
      ? { kind: "mol", components: firsts, gates: rests }
      : { kind: "mlp", hidden: firsts };
  };
}
