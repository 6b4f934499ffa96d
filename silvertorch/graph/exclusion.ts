import type { GraphBuilder, Value } from "../../src/onnx/graph-builder.ts";
import { minusInfinity } from "./candidates.ts";

/** What each request of a batch excludes, as inputs of the graph. */
export interface ExclusionInputs {
  /** int32 [batch, excluded] */
  readonly rows: Value;
  /** float32 [batch, excluded]: -inf, or 0 where a request excludes fewer items than another. */
  readonly penalties: Value;
}

/** Inputs: `excluded_rows`, `excluded_penalties`, as above. */
export function exclusionInputs(graph: GraphBuilder): ExclusionInputs {
  return {
    rows: graph.input("excluded_rows", "int32", ["batch", "excluded"]),
    penalties: graph.input("excluded_penalties", "float32", ["batch", "excluded"]),
  };
}

/**
 * Takes the items that a request excludes out of its scores. ONNX Runtime scatters in place, so
 * this costs by the excluded items, not by the catalogue.
 *
 * @param scores float32 [batch, items], or [batch, lists, items] of several lists.
 * @param places int32 or int64 [batch, excluded] or [batch, lists, excluded]: where in the scores.
 */
export function exclusion(
  graph: GraphBuilder,
  scores: Value,
  { places, penalties }: { readonly places: Value; readonly penalties: Value },
): Value {
  return graph.node("ScatterElements", [scores, places, penalties], {
    attributes: { axis: -1, reduction: "add" },
  });
}

/**
 * Input: `hidden_rows` int32 [hidden], items that no request may get: they changed since the artifact
 * was compiled. None in a batch with filters, which take them out once a filter (eligibility.ts) and
 * not once a request.
 */
export const hiddenInput = (graph: GraphBuilder): Value =>
  graph.input("hidden_rows", "int32", ["hidden"]);

/**
 * Takes items out of the scores of all requests. Written over the scores, which is some times as
 * fast as adding to them.
 *
 * @param scores as of `exclusion`.
 * @param hidden int32 [hidden]: where in the scores; null: nothing ever is.
 */
export function withoutHidden(graph: GraphBuilder, scores: Value, hidden: Value | null): Value {
  if (hidden === null) return scores;
  const lists = graph.node("Shape", [scores], { attributes: { start: 0, end: -1 } });
  const shape = graph.node("Concat", [lists, graph.node("Shape", [hidden])], {
    attributes: { axis: 0 },
  });
  const places = graph.node("Expand", [hidden, shape]);
  const penalties = graph.node("Expand", [minusInfinity(graph), shape]);
  return graph.node("ScatterElements", [scores, places, penalties], { attributes: { axis: -1 } });
}

/** Excludes the padding behind the last item from all requests, too. */
export function withPadding(
  graph: GraphBuilder,
  { rows, penalties }: ExclusionInputs,
  { items, paddedItems }: { readonly items: number; readonly paddedItems: number },
): ExclusionInputs {
  const padding = paddedItems - items;
  if (padding === 0) return { rows, penalties };
  const dims = [1, padding];
  const padded = Int32Array.from({ length: padding }, (_, at) => items + at);
  const penalty = new Float32Array(padding).fill(-Infinity);
  return {
    rows: withRow(graph, rows, graph.constant("int32", dims, padded)),
    penalties: withRow(graph, penalties, graph.constant("float32", dims, penalty)),
  };
}

/** Appends the same values to every row of a matrix. */
function withRow(graph: GraphBuilder, matrix: Value, row: Value): Value {
  const batch = graph.node("Shape", [matrix], { attributes: { start: 0, end: 1 } });
  const shape = graph.node("Concat", [batch, graph.ints(1)], { attributes: { axis: 0 } });
  const rows = graph.node("Expand", [row, shape]);
  return graph.node("Concat", [matrix, rows], { attributes: { axis: 1 } });
}

/** From [batch, n] to [batch, lists, n]; of one list, as it is. */
export function forEachList(graph: GraphBuilder, matrix: Value, lists: number): Value {
  if (lists === 1) return matrix;
  const unsqueezed = graph.node("Unsqueeze", [matrix, graph.ints(1)]);
  return graph.node("Expand", [unsqueezed, graph.ints(1, lists, 1)]);
}
