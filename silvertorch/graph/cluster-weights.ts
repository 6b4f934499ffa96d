import type { StoredTensor } from "../../src/onnx/weights-file.ts";

/**
 * Items sorted by cluster, each cluster filled up to the same whole number of bitmap words. A
 * *position* is a place in that order.
 */
export interface ClusterWeights {
  /** float32 [clusters, dim] */
  readonly centroids: StoredTensor;
  /** How far items lie from them: src/retrieval/cluster-order.ts. */
  readonly spread: number;
  /** float32 [clusters, width]: 0, or -inf where a cluster is filled up. */
  readonly padding: StoredTensor;
  /** int32 [positions] */
  readonly rows: StoredTensor;
  /** int32 [items] */
  readonly positions: StoredTensor;
  /** int8 [clusters, dim, width] and float32 [clusters, 1, width]; null: `items` are scanned. */
  readonly quantised: { readonly codes: StoredTensor; readonly scales: StoredTensor } | null;
}
