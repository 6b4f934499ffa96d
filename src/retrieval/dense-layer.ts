import type { Random } from "../math/random.ts";

/** One layer: `relu(input x weights + bias)`, without the ReLU where it says so. */
export interface DenseLayer {
  /** float32 [inDim, outDim], row-major. */
  readonly weights: Float32Array;
  /** float32 [outDim] */
  readonly bias: Float32Array;
  readonly inDim: number;
  readonly outDim: number;
  readonly relu: boolean;
}

/** Weights of a matrix [inDim, outDim]: Gaussian over sqrt(fan-in), rounded to float32. */
export function gaussianWeights(
  inDim: number,
  outDim: number,
  random: Random,
  fanIn = inDim,
): Float32Array {
  const scale = 1 / Math.sqrt(fanIn);
  const weights = new Float32Array(inDim * outDim);
  for (let at = 0; at < weights.length; at++) weights[at] = random.gaussian() * scale;
  return weights;
}

/**
 * The layers between `widths`, drawn from a label a layer, so that a change of one layer's width
 * leaves the weights of the others alone. Biases are 0, and all but the last layer have a ReLU.
 */
export function gaussianLayers(
  widths: readonly number[],
  random: Random,
  label: string,
): DenseLayer[] {
  return widths.slice(1).map((outDim, index) => {
    const inDim = widths[index]!;
    return {
      weights: gaussianWeights(inDim, outDim, random.fork(`${label}.${index}`)),
      bias: new Float32Array(outDim),
      inDim,
      outDim,
      relu: index < widths.length - 2,
    };
  });
}

/** What the layers make of an input, in float64, each sum in the order of its terms. */
export function applyLayers(layers: readonly DenseLayer[], input: Float64Array): Float64Array {
  let activations = input;
  for (const { weights, bias, relu } of layers) {
    const output = Float64Array.from(bias);
    addProduct(activations, weights, output);
    if (relu) {
      for (let at = 0; at < output.length; at++) output[at] = Math.max(0, output[at]!);
    }
    activations = output;
  }
  return activations;
}

/**
 * Adds `input x weights` to `output`: weights [input.length, output.length], row-major, in the
 * order of the inputs. Inputs of 0, half of them after a ReLU, cost nothing.
 */
export function addProduct(
  input: Float64Array,
  weights: Float32Array | Float64Array,
  output: Float64Array,
): void {
  const width = output.length;
  for (let i = 0; i < input.length; i++) {
    const value = input[i]!;
    if (value === 0) continue;
    const from = i * width;
    for (let o = 0; o < width; o++) output[o]! += value * weights[from + o]!;
  }
}
