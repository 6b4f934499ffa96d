import type { GraphBuilder, Value } from "../../src/onnx/graph-builder.ts";
import { bestOf, mostAbove, type Ranked } from "./top-k.ts";

/**
 * The scores of items that came after the artifact was compiled, so that they are an input: the
 * inner product with the query, the largest of the heads'.
 *
 * Input: `fresh_items` float32 [fresh, dim]; there may be none.
 *
 * @param queries float32 [batch, heads x dim]
 * @returns float32 [batch, fresh]
 */
export function freshScoring(
  graph: GraphBuilder,
  queries: Value,
  { heads, dim }: { readonly heads: number; readonly dim: number },
): Value {
  const items = graph.input("fresh_items", "float32", ["fresh", dim]);
  const scoresOf = (head: Value): Value =>
    // Not a Gemm, which some devices cannot have of no items.
    graph.node("FusedMatMul", [head, items], {
      attributes: { transB: 1 },
      domain: "com.microsoft",
    });
  if (heads === 1) return scoresOf(queries);
  // A head at a time, for a reshape cannot tell what is left where there are no items.
  const parts = graph.nodes("Split", [queries], heads, {
    attributes: { axis: 1, num_outputs: heads },
  });
  // Two at a time: CUDA's Max of more than two starts a kernel of no blocks where there are no items.
  return parts.map(scoresOf).reduce((one, other) => graph.node("Max", [one, other]));
}

/** What the scores of fresh items are held against. */
export interface Answers {
  /** float32 [batch, k], what each request is answered with of the compiled items. */
  readonly values: Value;
  /** int64 [1]: how many were wanted. */
  readonly k: Value;
}

/**
 * Of the scores of fresh items those that may come among the answers, and few others, best first: as
 * many of each request as come before the last answer of the one that has the most of them; all that
 * it may get, where answers are missing; never more than are wanted.
 *
 * Inputs: `fresh_penalties` float32 [barred, fresh], 0 or, where an item may not be got, -inf, and
 * `fresh_penalties_of` int32 [batch], which of them are each request's.
 *
 * @param scores float32 [batch, fresh]
 * @returns their places among the fresh items; values are -inf where a request has fewer.
 */
export function enteringScores(graph: GraphBuilder, scores: Value, { values, k }: Answers): Ranked {
  const shared = graph.input("fresh_penalties", "float32", ["barred", "fresh"]);
  const penaltiesOf = graph.input("fresh_penalties_of", "int32", ["batch"]);
  const open = graph.node("Add", [scores, graph.node("Gather", [shared, penaltiesOf])]);
  const widthOf = (matrix: Value): Value =>
    graph.node("Shape", [matrix], { attributes: { start: 1, end: 2 } });
  // What there is not counts as an answer that anything comes before.
  const missing = graph.node("Where", [
    graph.node("Less", [widthOf(values), k]),
    graph.constant("float32", [1], Float32Array.of(-Infinity)),
    graph.constant("float32", [1], Float32Array.of(0)),
  ]);
  const most = mostAbove(graph, open, graph.node("Add", [values, missing]));
  const wanted = graph.node("Min", [graph.node("Min", [most, k]), widthOf(scores)]);
  return bestOf(graph, open, wanted);
}
