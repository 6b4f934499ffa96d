import type { WeightsFile } from "../../src/onnx/weights-file.ts";
import type { DenseLayer } from "../../src/retrieval/dense-layer.ts";
import type { LayerWeights } from "../graph/dense-layer.ts";

/** Writes layers into the weights file, named `label.0`, `label.1`, ... */
export function addLayers(
  file: WeightsFile,
  label: string,
  layers: readonly DenseLayer[],
): Promise<LayerWeights[]> {
  return inOrder(layers, async ({ weights, bias, inDim, outDim, relu }, at) => ({
    weights: await file.add(`${label}.${at}.weights`, "float32", [inDim, outDim], weights),
    bias: await file.add(`${label}.${at}.bias`, "float32", [outDim], bias),
    relu,
  }));
}

/** One after the other, for they go into one file. */
export async function inOrder<T, R>(
  all: readonly T[],
  map: (one: T, at: number) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  for (const [at, one] of all.entries()) results.push(await map(one, at));
  return results;
}
