import type { GraphBuilder, Value } from "../../src/onnx/graph-builder.ts";
import { eligibility, type EligibilityWeights } from "./eligibility.ts";

/** Items in order, best first: value descending, row ascending where values are equal. */
export interface Ranked {
  /** float32 [batch, k], or [batch, lists, k]; -inf where fewer items are eligible. */
  readonly values: Value;
  /** int64, of the same shape. */
  readonly rows: Value;
}

/** The best of each row of scores; ONNX defines that of equal values the first comes first. */
export function bestOf(graph: GraphBuilder, scores: Value, k: Value): Ranked {
  const [values, rows] = graph.nodes("TopK", [scores, k], 2, { attributes: { axis: -1 } });
  return { values: values!, rows: rows! };
}

export interface EligibleOptions {
  /** int64 [1] */
  readonly k: Value;
  readonly weights: EligibilityWeights;
  /** Lists that a request's items are ranked in; 1: the scores have no dimension for them. */
  readonly lists: number;
}

/**
 * The best eligible items of each request. A batch in which no request has a filter goes to the
 * TopK directly.
 *
 * Inputs: `filtered` bool []; those of the eligibility layer.
 *
 * @param scores float32 [batch, paddedItems], or [batch, lists, paddedItems] of several lists.
 */
export function bestEligible(
  graph: GraphBuilder,
  scores: Value,
  { k, weights, lists }: EligibleOptions,
): Ranked {
  const filtered = graph.input("filtered", "bool", []);
  const penalties = eligibility(graph, weights);
  const shape = lists === 1 ? ["batch", "k"] : ["batch", lists, "k"];
  const branch = (name: string, scoresOf: (branch: GraphBuilder) => Value): GraphBuilder => {
    const inner = graph.subgraph(name);
    const best = bestOf(inner, scoresOf(inner), k);
    inner.output("values", best.values, "float32", shape);
    inner.output("rows", best.rows, "int64", shape);
    return inner;
  };
  const penalised = (inner: GraphBuilder): Value => {
    const ofItems = penalties(inner);
    return inner.node("Add", [
      scores,
      lists === 1 ? ofItems : inner.node("Unsqueeze", [ofItems, inner.ints(1)]),
    ]);
  };
  const [values, rows] = graph.nodes("If", [filtered], 2, {
    attributes: {
      then_branch: branch("filtered", penalised),
      else_branch: branch("unfiltered", () => scores),
    },
  });
  return { values: values!, rows: rows! };
}
