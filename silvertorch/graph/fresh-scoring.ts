import type { GraphBuilder, Value } from "../../src/onnx/graph-builder.ts";

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

/**
 * Neighbours among fresh items of which only the largest score is looked at first, for most blocks
 * hold nothing that comes among the answers. Fresh items come in whole blocks, one at least: who has
 * fewer fills them up with what no request may get.
 */
export const FRESH_BLOCK = 32;
