import type { GraphBuilder, Value } from "../../src/onnx/graph-builder.ts";
import type { StoredTensor } from "../../src/onnx/weights-file.ts";
import { bestOf, type Ranked } from "./top-k.ts";

export interface Refinement {
  /** float32 [batch, heads x dim] */
  readonly queries: Value;
  /** float32 [paddedItems, dim] */
  readonly items: StoredTensor;
  readonly heads: number;
  /** int64 [1]: how many candidates there are, and how many of them are wanted. */
  readonly count: Value;
  readonly k: Value;
}

/**
 * How many candidates a nearly right order hands on for k wanted items: int64 [1]. Rounding errs
 * by about 1% of the scores' spread, which moves the k-th place by some 5%; a quarter leaves room.
 */
export function candidateCount(graph: GraphBuilder, k: Value, items: number): Value {
  const quarter = graph.node("Div", [k, graph.ints(4)]);
  const roomy = graph.node("Add", [graph.node("Add", [k, quarter]), graph.ints(32)]);
  return graph.node("Min", [roomy, graph.ints(items)]);
}

/**
 * The k best of the candidates by their scores in full precision.
 *
 * @param candidates nearly in order; values of -inf mark those that are not eligible.
 */
export function refined(
  graph: GraphBuilder,
  candidates: Ranked,
  { queries, items, heads, count, k }: Refinement,
): Ranked {
  const dim = items.dims[1]!;
  // By row, so that of equal values the lower row comes first in the end.
  const [rows, order] = graph.nodes("TopK", [candidates.rows, count], 2, {
    attributes: { axis: 1, largest: 0 },
  }) as [Value, Value];
  const pick = (from: Value, at: Value): Value =>
    graph.node("GatherElements", [from, at], { attributes: { axis: 1 } });
  const embeddings = graph.node("Gather", [graph.weight(items), rows]);
  const perHead = graph.reshape(queries, 0, heads, dim);
  const scores = graph.node("FusedMatMul", [perHead, embeddings], {
    attributes: { transB: 1 },
    domain: "com.microsoft",
  });
  const exact = graph.node("ReduceMax", [scores, graph.ints(1)], { attributes: { keepdims: 0 } });
  const nothing = graph.constant("float32", [], Float32Array.of(-Infinity));
  const ineligible = graph.node("Equal", [pick(candidates.values, order), nothing]);
  const best = bestOf(graph, graph.node("Where", [ineligible, nothing, exact]), k);
  return { values: best.values, rows: pick(rows, best.rows) };
}
