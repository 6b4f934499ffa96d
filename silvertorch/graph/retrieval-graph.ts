import { GraphBuilder, type Value } from "../../src/onnx/graph-builder.ts";
import type { StoredTensor } from "../../src/onnx/weights-file.ts";
import type { BitmapLayout } from "../eligibility/bitmap-layout.ts";
import type { EligibilityWeights } from "./eligibility.ts";
import { exclusion } from "./exclusion.ts";
import { quantisedScoring, type QuantisedItems } from "./quantised-scoring.ts";
import { candidateCount, refined } from "./refinement.ts";
import { scoring } from "./scoring.ts";
import { bestEligible, type Ranked } from "./top-k.ts";
import { userFeatures } from "./user-features.ts";
import { userTower, type TowerWeights } from "./user-tower.ts";

export interface RetrievalWeights {
  /** float32 [users, userDim] */
  readonly users: StoredTensor;
  readonly tower: readonly TowerWeights[];
  /** float32 [paddedItems, dim] */
  readonly items: StoredTensor;
  /** What is scanned instead of `items`, which then score the candidates only; null: `items`. */
  readonly quantised: QuantisedItems | null;
  readonly eligibility: EligibilityWeights;
}

/**
 * The whole of retrieval as one graph, from user features to the rows of the best items:
 *
 *   user features -> user tower -> scores of all items -> exclusions -> top k of the eligible
 *                                                         filter -> eligibility --^
 *
 * With quantised items somewhat more than k are kept and scored again in full precision.
 *
 * Inputs: those of the layers, and `k` int64 [1], the largest k of the batch. Outputs: `values`
 * float32 [batch, k], -inf where fewer items are eligible, and `rows` uint32 [batch, k].
 */
export function retrievalGraph(
  weights: RetrievalWeights,
  { heads, layout }: { readonly heads: number; readonly layout: BitmapLayout },
): GraphBuilder {
  const graph = new GraphBuilder("retrieval");
  const { items, quantised } = weights;
  const features = userFeatures(graph, weights.users);
  const queries = userTower(graph, features, weights.tower, { heads, dim: items.dims[1]! });
  const k = graph.input("k", "int64", [1]);
  const best = (scores: Value, count: Value): Ranked =>
    bestEligible(graph, exclusion(graph, scores, layout), count, weights.eligibility);
  let ranked: Ranked;
  if (quantised === null) {
    ranked = best(scoring(graph, queries, items, heads), k);
  } else {
    const count = candidateCount(graph, k, layout.items);
    const candidates = best(quantisedScoring(graph, queries, quantised, heads), count);
    ranked = refined(graph, candidates, { queries, items, heads, count, k });
  }
  graph.output("values", ranked.values, "float32", ["batch", "k"]);
  graph.output("rows", graph.cast(ranked.rows, "uint32"), "uint32", ["batch", "k"]);
  return graph;
}
