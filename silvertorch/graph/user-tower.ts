import type { GraphBuilder, Value } from "../../src/onnx/graph-builder.ts";
import { denseLayers, type LayerWeights } from "./dense-layer.ts";

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
  layers: readonly LayerWeights[],
  { heads, dim }: { readonly heads: number; readonly dim: number },
): Value {
  const given = graph.input("query_vectors", "float32", ["batch", heads * dim]);
  const has = graph.input("has_vectors", "bool", ["batch", 1]);
  return graph.node("Where", [has, given, denseLayers(graph, features, layers)]);
}
