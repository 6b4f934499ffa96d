import type { GraphBuilder, Value } from "../../src/onnx/graph-builder.ts";

/**
 * What to add to the scores so that only eligible items keep one: 0 or -inf an item. Both are asked
 * within a branch that is taken only where some request has a filter.
 */
export interface ItemPenalties {
  /** Of all items: float32 [batch, places]. Requests with the same filter share its work. */
  readonly ofAll: (branch: GraphBuilder) => Value;
  /**
   * Of the items of some clusters, so that the work is that of the clusters.
   * @param clusters int64 [batch, probes]
   * @returns float32 [batch, probes x items of a cluster]
   */
  readonly within: (branch: GraphBuilder, clusters: Value) => Value;
}
