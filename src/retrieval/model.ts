import { HarnessError } from "../errors.ts";
import { Random } from "../math/random.ts";
import type { ModelSpec } from "./model-spec.ts";

/** One layer of the user tower: `relu(input x weights + bias)`, without the ReLU where it says so. */
export interface TowerLayer {
  /** float32 [inDim, outDim], row-major. */
  readonly weights: Float32Array;
  /** float32 [outDim] */
  readonly bias: Float32Array;
  readonly inDim: number;
  readonly outDim: number;
  readonly relu: boolean;
}

/** The retrieval model with its weights: what both systems and the oracle compute. */
export interface RetrievalModel {
  readonly heads: number;
  /** Dimensions of an item, and so of each head's query vector. */
  readonly dim: number;
  /** Dimensions of a user's features. */
  readonly userDim: number;
  /** K0: candidates kept a head. */
  readonly candidates: number;
  /** The user tower; empty: the features are the query vector. */
  readonly layers: readonly TowerLayer[];
  /**
   * The query vectors of a user: [heads x dim], head after head, computed in float64 from the
   * float32 weights.
   *
   * @throws HarnessError BAD_INPUT where the features are not `userDim` finite numbers.
   */
  queryVectors(features: Float32Array): Float64Array;
}

/**
 * The model of a spec for a dataset's dimensions. The same spec gives the same weights
 * everywhere: Gaussian over sqrt(fan-in), biases 0, ReLU after every layer but the last.
 *
 * @throws HarnessError BAD_INPUT where an identity tower has several heads or unlike dimensions.
 */
export function createModel(
  spec: ModelSpec,
  dims: { readonly userDim: number; readonly dim: number },
): RetrievalModel {
  const { heads, candidates } = spec;
  const { userDim, dim } = dims;
  const layers = spec.tower.kind === "identity" ? [] : towerLayers(spec, spec.tower.hidden, dims);
  if (spec.tower.kind === "identity" && (heads !== 1 || userDim !== dim)) {
    throw new HarnessError(
      "BAD_INPUT",
      heads === 1
        ? `an identity tower needs users and items of the same dimensions, they have ${userDim} and ${dim}`
        : `an identity tower has one head, not ${heads}`,
      { where: "model.tower", hint: "use tower: {kind: mlp, hidden: [...]}" },
    );
  }
  return {
    heads,
    dim,
    userDim,
    candidates,
    layers,
    queryVectors(features) {
      requireFinite("user features", features, userDim);
      let activations = Float64Array.from(features);
      for (const layer of layers) activations = applyLayer(layer, activations);
      return activations;
    },
  };
}

/** @throws HarnessError BAD_INPUT naming the field where `values` is not `length` finite numbers. */
export function requireFinite(field: string, values: Float32Array, length: number): void {
  if (values.length !== length) {
    throw new HarnessError(
      "BAD_INPUT",
      `${field}: expected ${length} numbers, got ${values.length}`,
      {
        where: field,
      },
    );
  }
  for (let at = 0; at < length; at++) {
    if (!Number.isFinite(values[at])) {
      throw new HarnessError(
        "BAD_INPUT",
        `${field}: expected finite numbers, got ${values[at]} at position ${at}`,
        { where: field },
      );
    }
  }
}

function towerLayers(
  spec: ModelSpec,
  hidden: readonly number[],
  dims: { readonly userDim: number; readonly dim: number },
): TowerLayer[] {
  const widths = [dims.userDim, ...hidden, spec.heads * dims.dim];
  // A label a layer: a change of one layer's width leaves the other layers' weights alone.
  const random = new Random(spec.seed);
  return widths.slice(1).map((outDim, index) => {
    const inDim = widths[index]!;
    const layerRandom = random.fork(`tower.${index}`);
    const scale = 1 / Math.sqrt(inDim);
    const weights = new Float32Array(inDim * outDim);
    for (let at = 0; at < weights.length; at++) weights[at] = layerRandom.gaussian() * scale;
    const relu = index < widths.length - 2;
    return { weights, bias: new Float32Array(outDim), inDim, outDim, relu };
  });
}

function applyLayer(layer: TowerLayer, input: Float64Array): Float64Array<ArrayBuffer> {
  const { weights, bias, inDim, outDim, relu } = layer;
  const output = Float64Array.from(bias);
  for (let i = 0; i < inDim; i++) {
    const value = input[i]!;
    if (value === 0) continue;
    for (let o = 0; o < outDim; o++) output[o]! += value * weights[i * outDim + o]!;
  }
  if (relu) {
    for (let o = 0; o < outDim; o++) output[o] = Math.max(0, output[o]!);
  }
  return output;
}
