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

/** Layers made ready to be applied many times, in float64, each sum in the order of its terms. */
export class DenseStack {
  readonly #layers: readonly ReadyLayer[];

  constructor(layers: readonly DenseLayer[]) {
    this.#layers = layers.map(ready);
  }

  /** What the layers make of an input; it is overwritten by the next call. */
  apply(input: Float64Array): Float64Array {
    let activations = input;
    for (const layer of this.#layers) {
      multiply(layer, activations);
      activations = layer.output;
    }
    return activations;
  }
}

/** Outputs summed side by side: eight sums that do not wait for one another. */
const PANEL = 8;

interface ReadyLayer {
  /** float64 [panels, inDim, PANEL]: the weights of eight outputs together, input by input. */
  readonly panels: Float64Array;
  /** [panels x PANEL], as `sums`: the last panel is filled up with zeros. */
  readonly bias: Float64Array;
  readonly sums: Float64Array;
  /** The outputs among the sums. */
  readonly output: Float64Array;
  readonly relu: boolean;
}

function ready({ weights, bias, inDim, outDim, relu }: DenseLayer): ReadyLayer {
  const width = Math.ceil(outDim / PANEL) * PANEL;
  const panels = new Float64Array(width * inDim);
  for (let o = 0; o < outDim; o++) {
    const panel = Math.floor(o / PANEL) * inDim * PANEL + (o % PANEL);
    for (let i = 0; i < inDim; i++) panels[panel + i * PANEL] = weights[i * outDim + o]!;
  }
  const sums = new Float64Array(width);
  const padded = new Float64Array(width);
  padded.set(bias);
  return { panels, bias: padded, sums, output: sums.subarray(0, outDim), relu };
}

function multiply({ panels, bias, sums, relu }: ReadyLayer, input: Float64Array): void {
  let at = 0;
  for (let o = 0; o < sums.length; o += PANEL) {
    let a = bias[o]!;
    let b = bias[o + 1]!;
    let c = bias[o + 2]!;
    let d = bias[o + 3]!;
    let e = bias[o + 4]!;
    let f = bias[o + 5]!;
    let g = bias[o + 6]!;
    let h = bias[o + 7]!;
    for (let i = 0; i < input.length; i++, at += PANEL) {
      const value = input[i]!;
      a += value * panels[at]!;
      b += value * panels[at + 1]!;
      c += value * panels[at + 2]!;
      d += value * panels[at + 3]!;
      e += value * panels[at + 4]!;
      f += value * panels[at + 5]!;
      g += value * panels[at + 6]!;
      h += value * panels[at + 7]!;
    }
    sums[o] = a;
    sums[o + 1] = b;
    sums[o + 2] = c;
    sums[o + 3] = d;
    sums[o + 4] = e;
    sums[o + 5] = f;
    sums[o + 6] = g;
    sums[o + 7] = h;
  }
  if (!relu) return;
  for (let o = 0; o < sums.length; o++) {
    if (sums[o]! < 0) sums[o] = 0;
  }
}
