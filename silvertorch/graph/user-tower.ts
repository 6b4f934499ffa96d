import type { GraphBuilder, Value } from "../../src/onnx/graph-builder.ts";
import type { StoredTensor } from "../../src/onnx/weights-file.ts";

/** A layer of the tower, `input x weights + bias`. */
export interface TowerWeights {
  /** float32 [in, out] */
  readonly weights: StoredTensor;
  /** float32 [out] */
  readonly bias: StoredTensor;
  readonly relu: boolean;
}

/**
 * From features to query vectors, one a head. Requests that bring their query vectors skip the
 * tower.
 *
 * Inputs: `has_vectors` bool [batch, 1], `query_vectors` float32 [batch, heads x dim].
 *
 * @param features float32 [batch, userDim]
 * @param layers empty: the features are the query vector.
 * @returns float32 [batch, heads x dim]
 */
export function userTower(
  graph: GraphBuilder,
  features: Value,
  layers: readonly TowerWeights[],
  { heads, dim }: { readonly heads: number; readonly dim: number },
): Value {
  let activations = features;
  for (const { weights, bias, relu } of layers) {
    activations = graph.node("Gemm", [activations, graph.weight(weights), graph.weight(bias)]);
    if (relu) activations = graph.node("Relu", [activations]);
  }
  const given = graph.input("query_vectors", "float32", ["batch", heads * dim]);
  const has = graph.input("has_vectors", "bool", ["batch", 1]);
  return graph.node("Where", [has, given, activations]);
}
