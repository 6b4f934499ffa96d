import type { GraphBuilder, Value } from "../../src/onnx/graph-builder.ts";
import { eligibility, type EligibilityWeights } from "./eligibility.ts";

/** Items in order, best first: value descending, row ascending where values are equal. */
export interface Ranked {
  /** float32 [batch, k]; -inf where fewer items are eligible. */
  readonly values: Value;
  /** int64 [batch, k] */
  readonly rows: Value;
}

/** The best of each row of scores; ONNX defines that of equal values the first comes first. */
export function bestOf(graph: GraphBuilder, scores: Value, k: Value): Ranked {
  const [values, rows] = graph.nodes("TopK", [scores, k], 2, { attributes: { axis: 1 } });
  return { values: values!, rows: rows! };
}

/**
 * The best eligible items of each request. A batch in which no request has a filter goes to the
 * TopK directly.
 *
 * Inputs: `filtered` bool []; those of the eligibility layer.
 *
 * @param scores float32 [batch, paddedItems]
 * @param k int64 [1]
 */
export function bestEligible(
  graph: GraphBuilder,
  scores: Value,
  k: Value,
  weights: EligibilityWeights,
): Ranked {
  const filtered = graph.input("filtered", "bool", []);
  const penalties = eligibility(graph, weights);
  const branch = (name: string, scoresOf: (branch: GraphBuilder) => Value): GraphBuilder => {
    const inner = graph.subgraph(name);
    const best = bestOf(inner, scoresOf(inner), k);
    inner.output("values", best.values, "float32", ["batch", "k"]);
    inner.output("rows", best.rows, "int64", ["batch", "k"]);
    return inner;
  };
  const [values, rows] = graph.nodes("If", [filtered], 2, {
    attributes: {
      then_branch: branch("filtered", (inner) => inner.node("Add", [scores, penalties(inner)])),
      else_branch: branch("unfiltered", () => scores),
    },
  });
  return { values: values!, rows: rows! };
}
