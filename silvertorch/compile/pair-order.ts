/**
 * The graph keeps a mixture's pairs of components item component by item component (graph/mol.ts),
 * the domain user component by user component. Position q of the graph holds pair `order[q]`.
 */
export function pairOrder(userGroups: number, itemGroups: number): Uint32Array {
  return Uint32Array.from({ length: userGroups * itemGroups }, (_, q) => {
    const item = Math.floor(q / userGroups);
    return (q % userGroups) * itemGroups + item;
  });
}

/** A matrix whose columns are one stretch of pairs after the other, each stretch in order. */
export function columnsInOrder(matrix: Float32Array, order: Uint32Array): Float32Array {
  const pairs = order.length;
  return matrix.map((_, at) => matrix[at - (at % pairs) + order[at % pairs]!]!);
}

/** A matrix [pairs, n] with its rows in order. */
export function rowsInOrder(matrix: Float32Array, order: Uint32Array): Float32Array {
  const width = matrix.length / order.length;
  return matrix.map((_, at) => matrix[order[Math.floor(at / width)]! * width + (at % width)]!);
}
