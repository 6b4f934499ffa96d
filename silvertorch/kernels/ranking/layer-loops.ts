/** A layer of weights as a kernel finds it: at word offsets of the buffer `weights: array<f32>`. */
export interface PackedLayer {
  readonly inDim: number;
  readonly outDim: number;
  /** First word of float32 [inDim, outDim]. */
  readonly weightsAt: number;
  /** First word of float32 [outDim]. */
  readonly biasAt: number;
  readonly relu: boolean;
}

/** Rows that a workgroup takes through its layers together: each weight read serves all of them. */
export const ROWS = 4;

export interface LayerLoops {
  readonly layers: readonly PackedLayer[];
  /** Threads of the workgroup. */
  readonly threads: number;
  /** Names of two workgroup arrays of vec4<f32>, as long as the widest hidden layer and the input. */
  readonly activations: readonly [source: string, target: string];
  /** WGSL that takes the outcome of the last layer: output `o` of the rows, as the vec4 `sum`. */
  readonly store: string;
}

/**
 * WGSL that takes `ROWS` rows through layers, activations in workgroup memory, an output a thread.
 * The input lies in the first array, position by position, a vec4 of the rows each.
 */
export function layerLoops({ layers, threads, activations, store }: LayerLoops): string {
  return layers
    .map(({ inDim, outDim, weightsAt, biasAt, relu }, at) => {
      const source = activations[at % 2]!;
      const target = activations[(at + 1) % 2]!;
      const isLast = at === layers.length - 1;
      return /* wgsl */ `
  workgroupBarrier();
  for (var o = thread; o < ${outDim}u; o += ${threads}u) {
    var sum = vec4<f32>(weights[${biasAt}u + o]);
    for (var i = 0u; i < ${inDim}u; i++) {
      sum += weights[${weightsAt}u + i * ${outDim}u + o] * ${source}[i];
    }
    ${relu ? "sum = max(sum, vec4<f32>(0.0));" : ""}
    ${isLast ? store : `${target}[o] = sum;`}
  }`;
    })
    .join("\n");
}

/** Positions that each of the two arrays of activations needs. */
export function activationWidth(layers: readonly PackedLayer[], inDim: number): number {
  return Math.max(inDim, ...layers.slice(0, -1).map(({ outDim }) => outDim));
}

/** Bytes of workgroup memory that two such arrays take. */
export const activationBytes = (width: number): number => 2 * width * ROWS * 4;
