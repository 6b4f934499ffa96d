import type { GraphBuilder, Value } from "../../src/onnx/graph-builder.ts";
import type { StoredTensor } from "../../src/onnx/weights-file.ts";

/** A layer of weights, `input x weights + bias`, with or without a ReLU behind. */
export interface LayerWeights {
  /** float32 [in, out] */
  readonly weights: StoredTensor;
  /** float32 [out] */
  readonly bias: StoredTensor;
  readonly relu: boolean;
}

/**
 * Layers one after the other.
 *
 * @param input float32 [n, in]
 * @returns float32 [n, out]
 */
export function denseLayers(
  graph: GraphBuilder,
  input: Value,
  layers: readonly LayerWeights[],
): Value {
  let activations = input;
  for (const { weights, bias, relu } of layers) {
    activations = graph.node("Gemm", [activations, graph.weight(weights), graph.weight(bias)]);
    if (relu) activations = graph.node("Relu", [activations]);
  }
  return activations;
}
