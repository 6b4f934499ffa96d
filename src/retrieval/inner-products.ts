/** What inner products are computed from: the embeddings and the query vectors of one request. */
export interface ProductInput {
  /** float32 [items, dim] */
  readonly embeddings: Float32Array;
  readonly dim: number;
  /** float64 [heads, dim] */
  readonly queries: Float64Array;
}

/**
 * Inner products of one item with the query vector of each head, in float64, summed in the order
 * of the dimensions (so that they equal the oracle's bit for bit).
 *
 * @param out float64 [heads]
 */
export function innerProducts(
  { embeddings, dim, queries }: ProductInput,
  row: number,
  out: Float64Array,
): void {
  for (let head = 0; head < out.length; head++) {
    let sum = 0;
    for (let j = 0; j < dim; j++) sum += queries[head * dim + j]! * embeddings[row * dim + j]!;
    out[head] = sum;
  }
}
