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
  return Float64Array.from(new DenseStack(layers).apply(input));
}

/** Layers that are applied many times: the outputs are kept instead of made anew. */
export class DenseStack {
  readonly #layers: readonly DenseLayer[];
  readonly #outputs: readonly Float64Array[];

  constructor(layers: readonly DenseLayer[]) {
    this.#layers = layers;
    this.#outputs = layers.map(({ outDim }) => new Float64Array(outDim));
  }

  /** As `applyLayers`; the output is overwritten by the next call. */
  apply(input: Float64Array): Float64Array {
    let activations = input;
    for (const [index, { weights, bias, relu }] of this.#layers.entries()) {
      const output = this.#outputs[index]!;
      output.set(bias);
      addProduct(activations, weights, output);
      if (relu) {
        for (let at = 0; at < output.length; at++) output[at] = Math.max(0, output[at]!);
      }
      activations = output;
    }
    return activations;
  }
}

/**
 * Adds `input x weights` to `output`: weights [input.length, output.length], row-major. Each sum
 * is taken in the order of the inputs. Inputs of 0, half of them after a ReLU, cost nothing.
 */
export function addProduct(input: Float64Array, weights: Float32Array, output: Float64Array): void {
  const width = output.length;
  let at = 0;
  while (at < input.length) {
    // Four inputs a pass over the outputs: a quarter of the loads and stores, the same order.
    let taken = 0;
    while (taken < 4 && at < input.length) {
      if (input[at] !== 0) TAKEN[taken++] = at;
      at++;
    }
    if (taken === 4) addFour(input, weights, output);
    else {
      for (let each = 0; each < taken; each++) {
        const value = input[TAKEN[each]!]!;
        const from = TAKEN[each]! * width;
        for (let o = 0; o < width; o++) output[o]! += value * weights[from + o]!;
      }
    }
  }
}

/** Positions of the inputs that are not 0, at most four. */
const TAKEN = new Int32Array(4);

function addFour(input: Float64Array, weights: Float32Array, output: Float64Array): void {
  const width = output.length;
  const a = input[TAKEN[0]!]!;
  const b = input[TAKEN[1]!]!;
  const c = input[TAKEN[2]!]!;
  const d = input[TAKEN[3]!]!;
  const fromA = TAKEN[0]! * width;
  const fromB = TAKEN[1]! * width;
  const fromC = TAKEN[2]! * width;
  const fromD = TAKEN[3]! * width;
  for (let o = 0; o < width; o++) {
    let sum = output[o]!;
    sum += a * weights[fromA + o]!;
    sum += b * weights[fromB + o]!;
    sum += c * weights[fromC + o]!;
    sum += d * weights[fromD + o]!;
    output[o] = sum;
  }
}
