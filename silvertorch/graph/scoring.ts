import { NONE, type GraphBuilder, type Value } from "../../src/onnx/graph-builder.ts";
import type { StoredTensor } from "../../src/onnx/weights-file.ts";

/**
 * Every item's score for every query: the inner product, and over the heads the largest of them,
 * plus the penalty of who is not eligible. Without an OverArch nothing more is needed of the
 * heads' own candidates: an item among the k best of the union is among the k best, and so the K0
 * best, of the head that gives it its value.
 *
 * @param queries float32 [batch x heads, dim]
 * @param items float32 [paddedItems, dim]
 * @param penalty float32 [batch or 1, paddedItems]
 * @returns float32 [batch, paddedItems]
 */
export function scoring(
  graph: GraphBuilder,
  queries: Value,
  items: StoredTensor,
  { heads, penalty }: { readonly heads: number; readonly penalty: Value },
): Value {
  const product = (added: Value): Value =>
    graph.node("Gemm", [queries, graph.weight(items), added], { attributes: { transB: 1 } });
  // The product is accumulated upon the penalty, which saves a pass over the scores.
  if (heads === 1) return product(penalty);
  const perHead = graph.reshape(product(NONE), -1, heads, items.dims[0]!);
  const best = graph.node("ReduceMax", [perHead, graph.ints(1)], { attributes: { keepdims: 0 } });
  return graph.node("Add", [best, penalty]);
}
