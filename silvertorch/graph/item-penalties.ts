import type { GraphBuilder, Value } from "../../src/onnx/graph-builder.ts";

/**
 * What to add to the scores so that only eligible items keep one: 0 or -inf an item. Both are asked
 * within a branch that is taken only where some request has a filter.
 */
export interface ItemPenalties {
  /** Those of all items, while they are bits; null: they never are. */
  readonly bits: BitPenalties | null;
  /** Of all items: float32 [batch, places]. Requests with the same filter share its work. */
  readonly ofAll: (branch: GraphBuilder) => Value;
  /**
   * Of the items of some clusters, so that the work is that of the clusters.
   * @param clusters int64 [batch, probes]
   * @returns float32 [batch, probes x items of a cluster]
   */
  readonly within: (branch: GraphBuilder, clusters: Value) => Value;
}

export interface BitPenalties {
  /** Words of 64 bits for all items. */
  readonly words: number;
  /** Words of a block, of which those are a whole number: see eligibility/bitmap-layout.ts. */
  readonly blockWords: number;
  /** uint64 [batch, words]: which items are eligible. */
  readonly of: (branch: GraphBuilder) => Value;
  /** From their bytes, uint8 [batch, bytes], in the order of the items: float32 [batch, places]. */
  readonly ofBytes: (branch: GraphBuilder, bytes: Value) => Value;
}
