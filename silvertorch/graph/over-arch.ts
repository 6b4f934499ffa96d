import type { GraphBuilder, Value } from "../../src/onnx/graph-builder.ts";
import { mlpLogits, type MlpWeights } from "./mlp.ts";
import { molLogits, type MolWeights } from "./mol.ts";
import type { OverArchInputs } from "./over-arch-inputs.ts";

/** The learned similarity, and of each item what it needs (the embedding cache). */
export type OverArchWeights = MolWeights | MlpWeights;

/** The logit of each task: float32 [batch, candidates] each. */
export function overArch(
  graph: GraphBuilder,
  weights: OverArchWeights,
  inputs: OverArchInputs,
): Value[] {
  return weights.kind === "mol"
    ? molLogits(graph, weights, inputs)
    : mlpLogits(graph, weights, inputs);
}
