import type { GraphBuilder, Value } from "../../src/onnx/graph-builder.ts";

/**
 * The best items of each request: value descending, row ascending where values are equal (which
 * is how ONNX defines a sorted TopK).
 *
 * Input: `k` int64 [1], the largest k of the batch. Outputs: `values` float32 [batch, k], -inf
 * where fewer items are eligible, and `rows` uint32 [batch, k].
 */
export function topK(graph: GraphBuilder, scores: Value): void {
  const k = graph.input("k", "int64", [1]);
  const [values, rows] = graph.nodes("TopK", [scores, k], 2, { attributes: { axis: 1 } });
  graph.output("values", values!, "float32", ["batch", "k"]);
  graph.output("rows", graph.cast(rows!, "uint32"), "uint32", ["batch", "k"]);
}
