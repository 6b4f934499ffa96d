import type { GraphBuilder, Value } from "../../src/onnx/graph-builder.ts";
import type { StoredTensor } from "../../src/onnx/weights-file.ts";

/**
 * What is ranked side by side for a request. `score`: one list, by the largest inner product over
 * the heads. `heads`: a list a head, by the inner product with it, as an OverArch or a formula
 * takes its candidates from each head. One head makes both the same: one list.
 */
export type Lists = "score" | "heads";

/**
 * Every item's score for every request: the inner product with its query, and over several heads
 * the largest of them. Where a score is all that an item is valued by, nothing more is needed of
 * the heads' own candidates: an item among the k best of the union is among the k best, and so the
 * K0 best, of the head that gives it its value.
 *
 * All shapes keep the name of the batch dimension: only then does ONNX Runtime see that later
 * layers may work in place on the scores.
 *
 * @param queries float32 [batch, heads x dim]
 * @param items float32 [paddedItems, dim]
 * @returns float32 [batch, paddedItems]; where each head has a list, [batch, heads, paddedItems]
 */
export function scoring(
  graph: GraphBuilder,
  queries: Value,
  items: StoredTensor,
  { heads, lists }: { readonly heads: number; readonly lists: Lists },
): Value {
  const product = { attributes: { transB: 1 } };
  if (heads === 1) return graph.node("Gemm", [queries, graph.weight(items)], product);
  const perHead = graph.reshape(queries, 0, heads, items.dims[1]!);
  const scores = graph.node("FusedMatMul", [perHead, graph.weight(items)], {
    ...product,
    domain: "com.microsoft",
  });
  return lists === "heads" ? scores : largestOfHeads(graph, scores);
}

/** From [batch, heads, n] to [batch, n]. */
export function largestOfHeads(graph: GraphBuilder, scores: Value): Value {
  return graph.node("ReduceMax", [scores, graph.ints(1)], { attributes: { keepdims: 0 } });
}
