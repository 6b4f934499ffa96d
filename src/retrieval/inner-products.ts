/**
 * Inner products of one item with the query vector of each head, in float64, summed in the order
 * of the dimensions (so that they equal the oracle's bit for bit).
 *
 * @param item [dim]
 * @param queries float64 [heads, dim]
 * @param out float64 [heads]
 */
export function innerProducts(item: Float64Array, queries: Float64Array, out: Float64Array): void {
  const dim = item.length;
  for (let head = 0; head < out.length; head++) {
    let sum = 0;
    for (let j = 0; j < dim; j++) sum += queries[head * dim + j]! * item[j]!;
    out[head] = sum;
  }
}
