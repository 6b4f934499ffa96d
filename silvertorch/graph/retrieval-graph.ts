import { GraphBuilder } from "../../src/onnx/graph-builder.ts";
import type { StoredTensor } from "../../src/onnx/weights-file.ts";
import { eligibility, type EligibilityWeights } from "./eligibility.ts";
import { exclusion } from "./exclusion.ts";
import { scoring } from "./scoring.ts";
import { topK } from "./top-k.ts";
import { userFeatures } from "./user-features.ts";
import { userTower, type TowerWeights } from "./user-tower.ts";

export interface RetrievalWeights {
  /** float32 [users, userDim] */
  readonly users: StoredTensor;
  readonly tower: readonly TowerWeights[];
  /** float32 [paddedItems, dim] */
  readonly items: StoredTensor;
  readonly eligibility: EligibilityWeights;
}

/**
 * The whole of retrieval as one graph, from user features to the rows of the best items:
 *
 *   user features -> user tower -> scores of all items -> exclusions -> top k
 *                                        ^
 *                    filter -> eligibility
 */
export function retrievalGraph(weights: RetrievalWeights, heads: number): GraphBuilder {
  const graph = new GraphBuilder("retrieval");
  const features = userFeatures(graph, weights.users);
  const dim = weights.items.dims[1]!;
  const queries = userTower(graph, features, weights.tower, { heads, dim });
  const penalty = eligibility(graph, weights.eligibility);
  const scores = scoring(graph, queries, weights.items, { heads, penalty });
  topK(graph, exclusion(graph, scores));
  return graph;
}
