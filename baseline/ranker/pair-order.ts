import type { DenseLayer } from "../../src/retrieval/dense-layer.ts";

/**
 * A mixture's pairs of components, item component by item component: so a product of all items'
 * components with a user's gives them. The domain has them user component by user component:
 * position q here holds its pair `order[q]`.
 */
export function pairsByItem(userGroups: number, itemGroups: number): Uint32Array {
  return Uint32Array.from({ length: userGroups * itemGroups }, (_, q) => {
    const item = Math.floor(q / userGroups);
    return (q % userGroups) * itemGroups + item;
  });
}

/** The layer with its outputs in another order. */
export function outputsInOrder(layer: DenseLayer, order: Uint32Array): DenseLayer {
  const { weights, bias, outDim } = layer;
  return {
    ...layer,
    weights: weights.map((_, at) => weights[at - (at % outDim) + order[at % outDim]!]!),
    bias: bias.map((_, at) => bias[order[at]!]!),
  };
}

/** The layer with its inputs in another order. */
export function inputsInOrder(layer: DenseLayer, order: Uint32Array): DenseLayer {
  const { weights, outDim } = layer;
  const reordered = weights.map(
    (_, at) => weights[order[Math.floor(at / outDim)]! * outDim + (at % outDim)]!,
  );
  return { ...layer, weights: reordered };
}
