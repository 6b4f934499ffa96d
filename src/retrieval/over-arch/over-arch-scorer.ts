import { MlpScorer } from "./mlp-scorer.ts";
import { MolScorer } from "./mol-scorer.ts";
import type { OverArch } from "./over-arch.ts";

/**
 * An OverArch computed in float64 from its float32 weights, in three parts: what depends on the
 * user alone, on the item alone (the embedding cache), and on both. Every sum is taken in the
 * order of its terms, so that the same inputs give the same bits anywhere.
 */
export interface OverArchScorer {
  /** Numbers that an item alone determines. */
  readonly itemWidth: number;
  /** @param features u [userDim] */
  userSide(features: Float64Array): Float64Array;
  /**
   * @param features x [itemDim]
   * @param out [itemWidth]
   */
  itemSide(features: Float64Array, out: Float64Array): void;
  /**
   * The logit of each task.
   *
   * @param products [heads] inner product of the item with each head's query vector.
   * @param out [tasks]
   */
  logits(user: Float64Array, item: Float64Array, products: Float64Array, out: Float64Array): void;
}

export function overArchScorer(overArch: OverArch): OverArchScorer {
  return overArch.kind === "mol" ? new MolScorer(overArch) : new MlpScorer(overArch);
}
