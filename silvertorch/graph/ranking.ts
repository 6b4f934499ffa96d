import type { GraphBuilder, Value } from "../../src/onnx/graph-builder.ts";
import type { StoredTensor } from "../../src/onnx/weights-file.ts";
import { candidatesOf } from "./candidates.ts";
import { overArch, type OverArchWeights } from "./over-arch.ts";
import { headProducts } from "./refinement.ts";
import { bestOf, type Ranked } from "./top-k.ts";
import { valueModel, type ValueModelWeights } from "./value-model.ts";

/** What ranks candidates where their score is not all that counts. */
export interface RankingWeights {
  /** null: the formula speaks of the score and of columns only. */
  readonly overArch: OverArchWeights | null;
  readonly value: ValueModelWeights;
}

export interface RankingInputs {
  /** float32 [batch, userDim] */
  readonly features: Value;
  /** float32 [batch, heads x dim] */
  readonly queries: Value;
  readonly heads: number;
  /** float32 [paddedItems, dim] */
  readonly items: StoredTensor;
  /** int64 [1] */
  readonly k: Value;
}

/**
 * From the heads' lists to the k best by value: union, OverArch, Value Model.
 *
 * @param lists each head's K0 best: [batch, heads, K0], or [batch, K0] of one head.
 */
export function rankedByValue(
  graph: GraphBuilder,
  lists: Ranked,
  weights: RankingWeights,
  { features, queries, heads, items, k }: RankingInputs,
): Ranked {
  const candidates = candidatesOf(graph, lists, heads);
  const { rows } = candidates;
  const products = (): Value => candidateProducts(graph, rows, { queries, heads, items });
  const logits =
    weights.overArch === null
      ? []
      : overArch(graph, weights.overArch, { features, rows, products });
  const values = valueModel(graph, weights.value, { candidates, logits });
  const width = graph.node("Shape", [rows], { attributes: { start: 1, end: 2 } });
  const best = bestOf(graph, values, graph.node("Min", [k, width]));
  return {
    values: best.values,
    rows: graph.node("GatherElements", [rows, best.rows], { attributes: { axis: 1 } }),
  };
}

/** float32 [batch, candidates, heads] */
function candidateProducts(
  graph: GraphBuilder,
  rows: Value,
  { queries, heads, items }: Pick<RankingInputs, "queries" | "heads" | "items">,
): Value {
  const embeddings = graph.node("Gather", [graph.weight(items), rows]);
  const dim = items.dims[1]!;
  const products = headProducts(graph, { queries, embeddings, heads, dim });
  return graph.node("Transpose", [products], { attributes: { perm: [0, 2, 1] } });
}
