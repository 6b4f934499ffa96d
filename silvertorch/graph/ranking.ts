import type { GraphBuilder, Value } from "../../src/onnx/graph-builder.ts";
import type { StoredTensor } from "../../src/onnx/weights-file.ts";
import { candidatesOf, type Candidates } from "./candidates.ts";
import type { DeviceForm } from "./device-form.ts";
import { type ItemTable, tableOf } from "./item-table.ts";
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
  readonly dim: number;
  /** float32 [paddedItems, dim] */
  readonly items: ItemTable;
  /** int32 [items]: where among `items` each row is; null: at the row itself. */
  readonly positions: StoredTensor | null;
  /** int64 [1] */
  readonly k: Value;
  readonly form: DeviceForm;
}

/**
 * From the heads' lists to the k best by value: union, OverArch, Value Model.
 *
 * @param lists each head's K0 best: [batch, heads, K0], or [batch, K0] of one head.
 * @param weights null: the value is the score.
 */
export function rankedByValue(
  graph: GraphBuilder,
  lists: Ranked,
  weights: RankingWeights | null,
  inputs: RankingInputs,
): Ranked {
  return bestByValue(graph, valuedCandidates(graph, lists, weights, inputs), inputs);
}

/** Candidates of a batch, rows ascending, and what they are ranked by; -inf: no candidate. */
export interface ValuedCandidates {
  /** int64 [batch, candidates] */
  readonly rows: Value;
  /** float32, of the same shape. */
  readonly values: Value;
}

/** The union of the heads' lists with its values. */
export function valuedCandidates(
  graph: GraphBuilder,
  lists: Ranked,
  weights: RankingWeights | null,
  inputs: RankingInputs,
): ValuedCandidates {
  const candidates = candidatesOf(graph, lists, inputs.heads);
  const { rows, scores } = candidates;
  const values = weights === null ? scores : valuesOf(graph, candidates, weights, inputs);
  return { rows, values };
}

/** The k best of the candidates, or all, if they are fewer. */
export function bestByValue(
  graph: GraphBuilder,
  { rows, values }: ValuedCandidates,
  { k, form }: Pick<RankingInputs, "k" | "form">,
): Ranked {
  const width = graph.node("Shape", [rows], { attributes: { start: 1, end: 2 } });
  const best = bestOf(graph, values, graph.node("Min", [k, width]), form);
  return {
    values: best.values,
    rows: graph.node("GatherElements", [rows, best.rows], { attributes: { axis: 1 } }),
  };
}

function valuesOf(
  graph: GraphBuilder,
  candidates: Candidates,
  { overArch: weights, value }: RankingWeights,
  inputs: RankingInputs,
): Value {
  const { rows } = candidates;
  const products = (): Value => candidateProducts(graph, rows, inputs);
  const logits =
    weights === null ? [] : overArch(graph, weights, { features: inputs.features, rows, products });
  return valueModel(graph, value, { candidates, logits });
}

/** float32 [batch, candidates, heads] */
function candidateProducts(
  graph: GraphBuilder,
  rows: Value,
  { queries, heads, dim, items, positions }: RankingInputs,
): Value {
  const places = positions === null ? rows : graph.node("Gather", [graph.weight(positions), rows]);
  const embeddings = graph.node("Gather", [tableOf(graph, items), places]);
  const products = headProducts(graph, { queries, embeddings, heads, dim });
  return graph.node("Transpose", [products], { attributes: { perm: [0, 2, 1] } });
}
