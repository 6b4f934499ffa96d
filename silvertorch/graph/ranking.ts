import type { GraphBuilder, Value } from "../../src/onnx/graph-builder.ts";
import type { StoredTensor } from "../../src/onnx/weights-file.ts";
import { candidatesOf, type Candidates } from "./candidates.ts";
import type { DeviceForm } from "./device-form.ts";
import { gathered, type ItemTable } from "./item-table.ts";
import { overArch, type OverArchWeights } from "./over-arch.ts";
import { headProducts } from "./refinement.ts";
import { bestOf, type Ranked } from "../../src/onnx/top-k.ts";
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

/** The tables that a ranking looks candidates up in. */
export interface RankedTables {
  readonly weights: RankingWeights;
  readonly items: ItemTable;
}

/**
 * From the heads' lists to the k best by value: union, OverArch, Value Model.
 *
 * @param lists each head's K0 best: [batch, heads, K0], or [batch, K0] of one head.
 * @param weights null: the value is the score. Or what makes the values of the candidates.
 */
export function rankedByValue(
  graph: GraphBuilder,
  lists: Ranked,
  weights: RankingWeights | ((candidates: Candidates) => Value) | null,
  inputs: RankingInputs,
): Ranked {
  const candidates = candidatesOf(graph, lists, inputs.heads);
  const { rows, scores } = candidates;
  const values =
    weights === null
      ? scores
      : typeof weights === "function"
        ? weights(candidates)
        : candidateValues(graph, candidates, { weights, items: inputs.items }, inputs);
  const width = graph.node("Shape", [rows], { attributes: { start: 1, end: 2 } });
  const best = bestOf(graph, values, graph.node("Min", [inputs.k, width]), inputs.form);
  return {
    values: best.values,
    rows: graph.node("GatherElements", [rows, best.rows], { attributes: { axis: 1 } }),
  };
}

/** OverArch and Value Model: float32 [batch, candidates], -inf where there is none. */
export function candidateValues(
  graph: GraphBuilder,
  candidates: Candidates,
  { weights, items }: RankedTables,
  inputs: RankingInputs,
): Value {
  const { rows } = candidates;
  const { features } = inputs;
  const products = (): Value => candidateProducts(graph, rows, { ...inputs, items });
  const logits =
    weights.overArch === null
      ? []
      : overArch(graph, weights.overArch, { features, rows, products });
  return valueModel(graph, weights.value, { candidates, logits });
}

/** float32 [batch, candidates, heads] */
function candidateProducts(
  graph: GraphBuilder,
  rows: Value,
  { queries, heads, dim, items, positions }: RankingInputs,
): Value {
  const embeddings = gathered(graph, items, rows, positions);
  const products = headProducts(graph, { queries, embeddings, heads, dim });
  return graph.node("Transpose", [products], { attributes: { perm: [0, 2, 1] } });
}
