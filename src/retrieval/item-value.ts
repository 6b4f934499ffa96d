/** What a value is computed from: the embeddings and the query vectors of one request. */
export interface ValueInput {
  /** float32 [items, dim] */
  readonly embeddings: Float32Array;
  readonly dim: number;
  /** float64 [heads, dim] */
  readonly queries: Float64Array;
}

/**
 * The value of one item for one request without OverArch: its largest inner product over the
 * heads, in float64, summed in the order of the dimensions (so that it equals the oracle's bit
 * for bit).
 */
export function itemValue({ embeddings, dim, queries }: ValueInput, row: number): number {
  let best = -Infinity;
  for (let head = 0; head < queries.length; head += dim) {
    let sum = 0;
    for (let j = 0; j < dim; j++) sum += queries[head + j]! * embeddings[row * dim + j]!;
    if (sum > best) best = sum;
  }
  return best;
}
