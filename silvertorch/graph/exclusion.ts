import type { GraphBuilder, Value } from "../../src/onnx/graph-builder.ts";

/**
 * Takes the items that a request excludes out of its scores. ONNX Runtime scatters in place, so
 * this costs by the excluded items, not by the catalogue.
 *
 * Inputs: `excluded_rows` int32 [batch, excluded], `excluded_penalties` float32 of the same shape:
 * -inf, or 0 where a request excludes fewer items than another of its batch.
 *
 * @param scores float32 [batch, paddedItems]
 */
export function exclusion(graph: GraphBuilder, scores: Value): Value {
  const rows = graph.input("excluded_rows", "int32", ["batch", "excluded"]);
  const penalties = graph.input("excluded_penalties", "float32", ["batch", "excluded"]);
  return graph.node("ScatterElements", [scores, rows, penalties], {
    attributes: { axis: 1, reduction: "add" },
  });
}
