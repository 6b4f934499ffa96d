import type { GraphBuilder, Value } from "../../src/onnx/graph-builder.ts";

/** What filters add to clusters' scores. */
export interface ClusterOrder {
  /** float32 [plans, clusters], or [plans, 1] where nothing is added: in units of sigma |q|. */
  readonly bonus: Value;
  /** int32 [batch] */
  readonly planOf: Value;
}

export const clusterOrderInput = (graph: GraphBuilder, planOf: Value): ClusterOrder => ({
  bonus: graph.input("cluster_bonus", "float32", ["ordering", "ordered"]),
  planOf,
});

/**
 * By what a list's clusters are taken: their centroids' products with its query, and what its filter
 * adds to that times sigma |q| (src/retrieval/cluster-order.ts).
 *
 * @param affinity float32 [batch, heads, clusters]: the products.
 * @param queries float32 [batch, heads, dim]
 * @returns float32 [batch, heads, clusters]
 */
export function clusterScores(
  graph: GraphBuilder,
  affinity: Value,
  {
    queries,
    spread,
    order,
  }: { readonly queries: Value; readonly spread: number; readonly order: ClusterOrder },
): Value {
  const lengths = graph.node("ReduceL2", [queries, graph.ints(2)], { attributes: { keepdims: 1 } });
  const sigma = graph.constant("float32", [], Float32Array.of(spread));
  const bonus = graph.node("Gather", [order.bonus, order.planOf]);
  const added = graph.node("Mul", [
    graph.node("Mul", [lengths, sigma]),
    graph.node("Unsqueeze", [bonus, graph.ints(1)]),
  ]);
  return graph.node("Add", [affinity, added]);
}
