import { GraphBuilder, type Value } from "../../src/onnx/graph-builder.ts";
import type { StoredTensor } from "../../src/onnx/weights-file.ts";
import type { BitmapLayout } from "../eligibility/bitmap-layout.ts";
import type { LayerWeights } from "./dense-layer.ts";
import type { EligibilityWeights } from "./eligibility.ts";
import { exclusion } from "./exclusion.ts";
import { quantisedScoring, type QuantisedItems } from "./quantised-scoring.ts";
import { rankedByValue, type RankingWeights } from "./ranking.ts";
import { candidateCount, refined } from "./refinement.ts";
import { scoring, type Lists } from "./scoring.ts";
import { bestEligible, type Ranked } from "./top-k.ts";
import { userFeatures } from "./user-features.ts";
import { userTower } from "./user-tower.ts";

export interface RetrievalWeights {
  /** float32 [users, userDim] */
  readonly users: StoredTensor;
  readonly tower: readonly LayerWeights[];
  /** float32 [paddedItems, dim] */
  readonly items: StoredTensor;
  /** What is scanned instead of `items`, which then score the candidates only; null: `items`. */
  readonly quantised: QuantisedItems | null;
  readonly eligibility: EligibilityWeights;
  /** null: an item's value is its score. */
  readonly ranking: RankingWeights | null;
}

export interface RetrievalShape {
  readonly heads: number;
  /** K0: candidates kept a head, where more than the score counts. */
  readonly candidates: number;
  readonly layout: BitmapLayout;
}

/**
 * The whole of retrieval as one graph, from user features to the rows of the best items:
 *
 *   user features -> user tower -> scores of all items -> exclusions -> the best eligible
 *                                                         filter -> eligibility --^
 *
 * Where the score is all that counts, those are the k best, and done. Else they are the K0 best of
 * each head, and go on
 *
 *   -> union -> embedding cache -> OverArch -> task logits -> Value Model -> k best
 *
 * With quantised items somewhat more are kept and scored again in full precision before the cut.
 *
 * Inputs: those of the layers, and `k` int64 [1], the largest k of the batch. Outputs: `values`
 * float32 [batch, k], -inf where fewer items are eligible, and `rows` uint32 [batch, k]; fewer
 * than k columns where no request of the batch has k candidates.
 */
export function retrievalGraph(weights: RetrievalWeights, shape: RetrievalShape): GraphBuilder {
  const graph = new GraphBuilder("retrieval");
  const { items, ranking } = weights;
  const { heads, candidates, layout } = shape;
  const features = userFeatures(graph, weights.users);
  const queries = userTower(graph, features, weights.tower, { heads, dim: items.dims[1]! });
  const k = graph.input("k", "int64", [1]);
  let ranked: Ranked;
  if (ranking === null) {
    ranked = best(graph, weights, { queries, heads, layout, lists: "score", k });
  } else {
    const held = graph.ints(Math.min(candidates, layout.items));
    const lists = best(graph, weights, { queries, heads, layout, lists: "heads", k: held });
    ranked = rankedByValue(graph, lists, ranking, { features, queries, heads, items, k });
  }
  graph.output("values", ranked.values, "float32", ["batch", "k"]);
  graph.output("rows", graph.cast(ranked.rows, "uint32"), "uint32", ["batch", "k"]);
  return graph;
}

interface Scan {
  readonly queries: Value;
  readonly heads: number;
  readonly lists: Lists;
  readonly layout: BitmapLayout;
  readonly k: Value;
}

/** The k best eligible items of each list. */
function best(
  graph: GraphBuilder,
  { items, quantised, eligibility }: RetrievalWeights,
  { queries, heads, lists, layout, k }: Scan,
): Ranked {
  const listCount = lists === "heads" ? heads : 1;
  const eligible = (scores: Value, count: Value): Ranked =>
    bestEligible(graph, exclusion(graph, scores, { layout, lists: listCount }), {
      k: count,
      weights: eligibility,
      lists: listCount,
    });
  if (quantised === null) return eligible(scoring(graph, queries, items, { heads, lists }), k);
  const count = candidateCount(graph, k, layout.items);
  const roughly = eligible(quantisedScoring(graph, queries, quantised, { heads, lists }), count);
  return refined(graph, roughly, { queries, items, heads, lists, count, k });
}
