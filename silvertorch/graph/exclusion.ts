import type { GraphBuilder, Value } from "../../src/onnx/graph-builder.ts";
import type { BitmapLayout } from "../eligibility/bitmap-layout.ts";

export interface ExclusionShape {
  readonly layout: BitmapLayout;
  /** Lists that a request's items are ranked in; 1: the scores have no dimension for them. */
  readonly lists: number;
}

/**
 * Takes out of each request's scores the items that it excludes, and the padding behind the last
 * item. ONNX Runtime scatters in place, so this costs by the excluded items, not by the catalogue.
 *
 * Inputs: `excluded_rows` int32 [batch, excluded], `excluded_penalties` float32 of the same shape:
 * -inf, or 0 where a request excludes fewer items than another of its batch.
 *
 * @param scores float32 [batch, paddedItems], or [batch, lists, paddedItems] of several lists.
 */
export function exclusion(
  graph: GraphBuilder,
  scores: Value,
  { layout, lists }: ExclusionShape,
): Value {
  let rows = graph.input("excluded_rows", "int32", ["batch", "excluded"]);
  let penalties = graph.input("excluded_penalties", "float32", ["batch", "excluded"]);
  const padding = layout.paddedItems - layout.items;
  if (padding > 0) {
    const dims = [1, padding];
    const padded = Int32Array.from({ length: padding }, (_, at) => layout.items + at);
    const penalty = new Float32Array(padding).fill(-Infinity);
    rows = withRow(graph, rows, graph.constant("int32", dims, padded));
    penalties = withRow(graph, penalties, graph.constant("float32", dims, penalty));
  }
  if (lists > 1) {
    rows = forEachList(graph, rows, lists);
    penalties = forEachList(graph, penalties, lists);
  }
  return graph.node("ScatterElements", [scores, rows, penalties], {
    attributes: { axis: -1, reduction: "add" },
  });
}

/** Appends the same values to every row of a matrix. */
function withRow(graph: GraphBuilder, matrix: Value, row: Value): Value {
  const batch = graph.node("Shape", [matrix], { attributes: { start: 0, end: 1 } });
  const shape = graph.node("Concat", [batch, graph.ints(1)], { attributes: { axis: 0 } });
  const rows = graph.node("Expand", [row, shape]);
  return graph.node("Concat", [matrix, rows], { attributes: { axis: 1 } });
}

/** From [batch, n] to [batch, lists, n]. */
function forEachList(graph: GraphBuilder, matrix: Value, lists: number): Value {
  const unsqueezed = graph.node("Unsqueeze", [matrix, graph.ints(1)]);
  return graph.node("Expand", [unsqueezed, graph.ints(1, lists, 1)]);
}
