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
 * @param items float32 [paddedItems, dim]; or float16, which makes the scores near ones, and not
 *   their size but their order is to be trusted
 * @returns float32 [batch, paddedItems]; where each head has a list, [batch, heads, paddedItems]
 */
export function scoring(
  graph: GraphBuilder,
  queries: Value,
  items: StoredTensor,
  { heads, lists }: { readonly heads: number; readonly lists: Lists },
): Value {
  const product = { attributes: { transB: 1 } };
  if (items.type === "float16") return halfScoring(graph, queries, items, { heads, lists });
  if (heads === 1) return graph.node("Gemm", [queries, graph.weight(items)], product);
  const perHead = graph.reshape(queries, 0, heads, items.dims[1]!);
  const scores = graph.node("FusedMatMul", [perHead, graph.weight(items)], {
    ...product,
    domain: "com.microsoft",
  });
  return lists === "heads" ? scores : largestOfHeads(graph, scores);
}

/** The same but for a factor: with one head a query's own, else one of all. */
function halfScoring(
  graph: GraphBuilder,
  queries: Value,
  items: StoredTensor,
  { heads, lists }: { readonly heads: number; readonly lists: Lists },
): Value {
  const perHead = heads === 1 ? queries : graph.reshape(queries, 0, heads, items.dims[1]!);
  const { halves, largest } = halfQueries(graph, perHead);
  const product = graph.node("FusedMatMul", [halves, graph.weight(items)], {
    attributes: { transB: 1 },
    domain: "com.microsoft",
  });
  const scores = graph.cast(product, "float32");
  if (heads === 1) return scores;
  const comparable = graph.node("Mul", [scores, largest]);
  return lists === "heads" ? comparable : largestOfHeads(graph, comparable);
}

/**
 * Queries in float16, divided by their largest numbers so that none is lost in its narrow range.
 *
 * @param queries float32 [.., dim]
 */
export function halfQueries(
  graph: GraphBuilder,
  queries: Value,
): { readonly halves: Value; readonly largest: Value } {
  const largest = graph.node("Max", [
    graph.node("ReduceMax", [graph.node("Abs", [queries]), graph.ints(-1)]),
    graph.constant("float32", [], Float32Array.of(SMALLEST)),
  ]);
  return { halves: graph.cast(graph.node("Div", [queries, largest]), "float16"), largest };
}

/** Stands for the largest number of a query of zeros, by which it is divided. */
export const SMALLEST = 1e-30;

/** From [batch, heads, n] to [batch, n]. */
export function largestOfHeads(graph: GraphBuilder, scores: Value): Value {
  return graph.node("ReduceMax", [scores, graph.ints(1)], { attributes: { keepdims: 0 } });
}
