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
  /** Compiled ones. */
  readonly items: number;
}

/**
 * Of the scores of fresh items those that may come among the answers, and few others: as many of
 * each request as come before the last answer of the one that has the most of them. Where a request
 * has fewer answers than it wanted, all fresh items may; then they all come out, as they do where
 * there are none.
 *
 * @param scores float32 [batch, fresh]
 * @returns `values` float32 [batch, n] and `rows` int64 [batch, n], their places among the fresh items,
 *   or [1, n], which are each request's.
 */
export function enteringScores(
  graph: GraphBuilder,
  scores: Value,
  { values, k, items }: Answers,
): Ranked {
  const widthOf = (matrix: Value): Value =>
    graph.node("Shape", [matrix], { attributes: { start: 1, end: 2 } });
  const none = graph.constant("float32", [1, 1], Float32Array.of(-Infinity));
  // What there is not counts as an answer that anything comes before.
  const least = graph.node("ReduceMax", [graph.node("Neg", [values])], {
    attributes: { keepdims: 1 },
  });
  const full = [
    graph.node("Less", [k, graph.ints(items)]),
    graph.node("Equal", [widthOf(values), k]),
    graph.node("Greater", [widthOf(scores), graph.ints(0)]),
    graph.reshape(graph.node("Less", [least, graph.node("Neg", [none])]), 1),
  ].reduce((one, other) => graph.node("And", [one, other]));
  const branch = (name: string, make: (inner: GraphBuilder) => Ranked): GraphBuilder => {
    const inner = graph.subgraph(name);
    const made = make(inner);
    inner.output("values", made.values, "float32", ["batch", "n"]);
    inner.output("rows", made.rows, "int64", ["lists", "n"]);
    return inner;
  };
  const yes = branch("entering", (inner) => {
    const most = inner.node("Min", [mostAbove(inner, scores, values), widthOf(scores)]);
    return bestOf(inner, scores, most);
  });
  const no = branch("all_fresh", (inner) => {
    const zero = inner.constant("int64", [], BigInt64Array.of(0n));
    const one = inner.constant("int64", [], BigInt64Array.of(1n));
    const places = inner.node("Range", [zero, inner.reshape(widthOf(scores)), one]);
    return {
      values: inner.node("Identity", [scores]),
      rows: inner.node("Unsqueeze", [places, inner.ints(0)]),
    };
  });
  const [best, rows] = graph.nodes("If", [graph.reshape(full)], 2, {
    attributes: { then_branch: yes, else_branch: no },
  });
  return { values: best!, rows: rows! };
}
