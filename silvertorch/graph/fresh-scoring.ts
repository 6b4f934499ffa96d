import type { GraphBuilder, Value } from "../../src/onnx/graph-builder.ts";
import { freshPenalties } from "./fresh-openness.ts";
import { bestOf, leastOf, type Ranked } from "../../src/onnx/top-k.ts";
import { mostOver } from "./top-k.ts";

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
 * Neighbours among fresh items of which only the largest score is looked at first, for most blocks
 * hold nothing that comes among the answers. Fresh items come in whole blocks, one at least: who has
 * fewer fills them up with what no request may get.
 */
export const FRESH_BLOCK = 32;

/**
 * Of the scores of fresh items those that may come among the answers, and few others, best first: as
 * many of each request as come before the last answer of the one that has the most of them; all that
 * it may get, where answers are missing; never more than are wanted.
 *
 * Inputs: those of `freshPenalties`.
 *
 * @param scores float32 [batch, fresh], of whole blocks.
 * @returns their places among the fresh items; values are -inf where a request has fewer.
 */
export function enteringScores(graph: GraphBuilder, scores: Value, { values, k }: Answers): Ranked {
  const penalties = freshPenalties(graph, { freshItems: "scattered" })(graph);
  const open = graph.node("Add", [scores, penalties]);
  const bar = barOf(graph, { values, k });
  const held = heldBlocks(graph, open, bar);
  const most = graph.node("Min", [mostOver(graph, held.scores, bar), k]);
  const { values: best, rows } = bestOf(
    graph,
    held.scores,
    graph.node("Min", [most, widthOf(graph, held.scores)]),
  );
  const wide = graph.constant("int64", [], BigInt64Array.of(BigInt(FRESH_BLOCK)));
  const slot = graph.node("Div", [rows, wide]);
  const block = graph.node("GatherElements", [held.blocks, slot], { attributes: { axis: -1 } });
  // Of place `slot x width + offset` among the held blocks, the place among all.
  const moved = graph.node("Mul", [graph.node("Sub", [block, slot]), wide]);
  return { values: best, rows: graph.node("Add", [rows, moved]) };
}

const widthOf = (graph: GraphBuilder, matrix: Value): Value =>
  graph.node("Shape", [matrix], { attributes: { start: 1, end: 2 } });

/** What a score has to be above: the last answer; where one is missing, -inf. */
function barOf(graph: GraphBuilder, { values, k }: Answers): Value {
  const missing = graph.node("Where", [
    graph.node("Less", [widthOf(graph, values), k]),
    graph.constant("float32", [1], Float32Array.of(-Infinity)),
    graph.constant("float32", [1], Float32Array.of(0)),
  ]);
  return graph.node("Add", [leastOf(graph, values), missing]);
}

/**
 * The blocks with a score above the bar, as many of each request as the one has that has the most, in
 * the order of their places.
 *
 * @returns `scores` float32 [batch, held], and int64 [batch, blocks], which blocks they are of.
 */
function heldBlocks(
  graph: GraphBuilder,
  scores: Value,
  bar: Value,
): { readonly scores: Value; readonly blocks: Value } {
  const blocks = graph.reshape(scores, 0, -1, FRESH_BLOCK);
  const largest = graph.node("ReduceMax", [blocks, graph.ints(-1)], {
    attributes: { keepdims: 0 },
  });
  const most = mostOver(graph, largest, bar);
  const { rows } = bestOf(graph, largest, most, undefined, "any");
  const [inPlace] = graph.nodes("TopK", [rows, most], 2, {
    attributes: { axis: -1, largest: 0 },
  }) as [Value, Value];
  const held = graph.node(
    "GatherND",
    [blocks, graph.node("Unsqueeze", [inPlace, graph.ints(-1)])],
    {
      attributes: { batch_dims: 1 },
    },
  );
  return { scores: graph.reshape(held, 0, -1), blocks: inPlace };
}
