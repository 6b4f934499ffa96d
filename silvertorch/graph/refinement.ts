import type { GraphBuilder, Value } from "../../src/onnx/graph-builder.ts";
import type { StoredTensor } from "../../src/onnx/weights-file.ts";
import { isNone, minusInfinity } from "./candidates.ts";
import type { DeviceForm } from "./device-form.ts";
import { largestOfHeads, type Lists } from "./scoring.ts";
import { bestOf, type Ranked } from "../../src/onnx/top-k.ts";

export interface Refinement {
  /** float32 [batch, heads x dim] */
  readonly queries: Value;
  /** float32 [paddedItems, dim] */
  readonly items: StoredTensor;
  readonly heads: number;
  readonly lists: Lists;
  readonly form: DeviceForm;
  /** int64 [1]: how many of the candidates are wanted; all, if there are fewer. */
  readonly k: Value;
}

/**
 * How many candidates a nearly right order hands on for k wanted items: int64 [1]. Rounding errs
 * by about 1% of the scores' spread, which moves the k-th place by some 5%; an eighth and some, for
 * where few are wanted, leave room.
 */
export function candidateCount(graph: GraphBuilder, k: Value, items: number): Value {
  const eighth = graph.node("Div", [k, graph.ints(8)]);
  const roomy = graph.node("Add", [graph.node("Add", [k, eighth]), graph.ints(16)]);
  return graph.node("Min", [roomy, graph.ints(items)]);
}

/**
 * The k best of the candidates by their scores in full precision, of each list.
 *
 * @param candidates in any order; values of -inf mark those that are not eligible.
 */
export function refined(graph: GraphBuilder, candidates: Ranked, options: Refinement): Ranked {
  const axis = options.lists === "heads" && options.heads > 1 ? 2 : 1;
  const count = graph.node("Shape", [candidates.rows], {
    attributes: { start: axis, end: axis + 1 },
  });
  // By row, so that of equal values the lower row comes first in the end.
  const [rows, order] = graph.nodes("TopK", [candidates.rows, count], 2, {
    attributes: { axis: -1, largest: 0 },
  }) as [Value, Value];
  const pick = (from: Value, at: Value): Value =>
    graph.node("GatherElements", [from, at], { attributes: { axis: -1 } });
  const nothing = minusInfinity(graph);
  const ineligible = isNone(graph, pick(candidates.values, order));
  const exact = exactScores(graph, rows, options);
  const k = graph.node("Min", [options.k, count]);
  const best = bestOf(graph, graph.node("Where", [ineligible, nothing, exact]), k, options.form);
  return { values: best.values, rows: pick(rows, best.rows) };
}

/** float32, of the rows' shape: their scores in full precision. */
function exactScores(
  graph: GraphBuilder,
  rows: Value,
  { queries, items, heads, lists }: Refinement,
): Value {
  const dim = items.dims[1]!;
  const embeddings = graph.node("Gather", [graph.weight(items), rows]);
  if (lists === "heads" && heads > 1) {
    // [batch, heads, n, dim] with [batch, heads, dim, 1]: each list with its own head.
    const column = graph.reshape(queries, 0, heads, dim, 1);
    return graph.node("Squeeze", [graph.node("MatMul", [embeddings, column]), graph.ints(-1)]);
  }
  return largestOfHeads(graph, headProducts(graph, { queries, embeddings, heads, dim }));
}

export interface HeadProducts {
  /** float32 [batch, heads x dim] */
  readonly queries: Value;
  /** float32 [batch, n, dim] */
  readonly embeddings: Value;
  readonly heads: number;
  readonly dim: number;
}

/** Inner products of each item with the query of each head: float32 [batch, heads, n]. */
export function headProducts(
  graph: GraphBuilder,
  { queries, embeddings, heads, dim }: HeadProducts,
): Value {
  return graph.node("FusedMatMul", [graph.reshape(queries, 0, heads, dim), embeddings], {
    attributes: { transB: 1 },
    domain: "com.microsoft",
  });
}
