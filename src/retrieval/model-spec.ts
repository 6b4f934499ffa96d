/**
 * The retrieval model both systems compute, as a scenario states it. Weights follow from `seed`
 * (Gaussian over sqrt(fan-in)), so the spec alone rebuilds the same model anywhere.
 */
export interface ModelSpec {
  /** Query heads of the user tower, 1 .. 64. */
  readonly heads: number;
  /** K0: candidates kept per head before the union; at least k. */
  readonly candidates: number;
  /** `identity`: the user's features are the query vector (heads 1, user dim = item dim). */
  readonly tower:
    | { readonly kind: "identity" }
    | { readonly kind: "mlp"; readonly hidden: readonly number[] };
  readonly overarch: "none";
  /** Value Model formula. */
  readonly value: "score";
  readonly seed: number;
}
