import type { GraphBuilder, Value } from "./graph-builder.ts";

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
 * Whether a TopK may see -inf. CUDA's fills up the places that its threads have too many with the
 * lowest finite number, which comes before -inf: an answer then holds rows that there are not.
 */
export type TopKOf = "ofAny" | "ofFinite";

/**
 * The best of each row of scores. ONNX defines that of equal values the first comes first. CUDA's
 * TopK does not keep to it: a thread of 256 looks at every 256th place, and of equal values those of
 * the first thread come first, whatever was asked; the values are the same.
 */
export function bestOf(
  graph: GraphBuilder,
  scores: Value,
  k: Value,
  { topK }: { readonly topK: TopKOf } = { topK: "ofAny" },
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

/** The least value that each list holds, in a last dimension of 1. */
export function leastOf(graph: GraphBuilder, held: Value): Value {
  // Not a ReduceMin, for which there is no kernel on CUDA.
  return graph.node("Neg", [graph.node("ReduceMax", [graph.node("Neg", [held]), graph.ints(-1)])]);
}
