import type { GraphBuilder, Value } from "../../src/onnx/graph-builder.ts";
import type { DeviceForm } from "./device-form.ts";

/** Items in order, best first: value descending, row ascending where values are equal. */
export interface Ranked {
  /** float32 [batch, k], or [batch, lists, k]; -inf where fewer items are eligible. */
  readonly values: Value;
  /** int64, of the same shape. */
  readonly rows: Value;
}

/** Of what was found; in any order it is found in less time. */
export type Order = "bestFirst" | "any";

/**
 * The best of each row of scores; ONNX defines that of equal values the first comes first.
 */
export function bestOf(
  graph: GraphBuilder,
  scores: Value,
  k: Value,
  { topK }: Pick<DeviceForm, "topK"> = { topK: "ofAny" },
  order: Order = "bestFirst",
): Ranked {
  const sorted = order === "any" ? 0 : 1;
  const best = (of: Value): Ranked => {
    const [values, rows] = graph.nodes("TopK", [of, k], 2, { attributes: { axis: -1, sorted } });
    return { values: values!, rows: rows! };
  };
  if (topK === "ofAny") return best(scores);
  const least = graph.constant("float32", [], Float32Array.of(ABOVE_LOWEST));
  const { rows } = best(graph.node("Max", [scores, least]));
  return {
    values: graph.node("GatherElements", [scores, rows], { attributes: { axis: -1 } }),
    rows,
  };
}

/** Stands for -inf where a TopK may not see it: the float32 after the lowest. */
export const ABOVE_LOWEST = -3.4028232635611926e38;

/** Two ways to the same lists, of which a batch takes one. */
export interface Fork {
  readonly name: string;
  /** bool [] */
  readonly condition: Value;
  /** Lists of a request; 1: they have no dimension for it. */
  readonly lists: number;
  readonly yes: (branch: GraphBuilder) => Ranked;
  readonly no: (branch: GraphBuilder) => Ranked;
}

/** Only the way taken is computed. */
export function either(graph: GraphBuilder, { name, condition, lists, yes, no }: Fork): Ranked {
  const shape = lists === 1 ? ["batch", "k"] : ["batch", lists, "k"];
  const branch = (label: string, make: (branch: GraphBuilder) => Ranked): GraphBuilder => {
    const inner = graph.subgraph(label);
    const { values, rows } = make(inner);
    inner.output("values", values, "float32", shape);
    inner.output("rows", rows, "int64", shape);
    return inner;
  };
  const [values, rows] = graph.nodes("If", [condition], 2, {
    attributes: { then_branch: branch(name, yes), else_branch: branch(`not_${name}`, no) },
  });
  return { values: values!, rows: rows! };
}

/** int64 [1]: how many scores of a list are above the least value that it holds, at most, and 1. */
export function mostAbove(graph: GraphBuilder, scores: Value, held: Value): Value {
  return mostOver(graph, scores, leastOf(graph, held));
}

/** The least value that each list holds, in a last dimension of 1. */
export function leastOf(graph: GraphBuilder, held: Value): Value {
  // Not a ReduceMin, for which there is no kernel on CUDA.
  return graph.node("Neg", [graph.node("ReduceMax", [graph.node("Neg", [held]), graph.ints(-1)])]);
}

/** int64 [1]: how many scores of a list are above its bar, at most, and 1. */
export function mostOver(graph: GraphBuilder, scores: Value, bar: Value): Value {
  const above = graph.cast(graph.node("Greater", [scores, bar]), "int32");
  const counts = graph.node("ReduceSum", [above, graph.ints(-1)], { attributes: { keepdims: 0 } });
  const most = graph.node("ReduceMax", [counts], { attributes: { keepdims: 0 } });
  return graph.reshape(graph.node("Max", [graph.cast(most, "int64"), graph.ints(1)]), 1);
}
