import type { WeightsReader } from "../../compile/weights-reader.ts";

/** A layer as the artifact holds it: float32 [inDim, outDim] and [outDim]. */
export interface StoredLayer {
  readonly inDim: number;
  readonly outDim: number;
  readonly weights: Float32Array;
  readonly bias: Float32Array;
}

/** The numbers of a tensor that is small enough to pass through memory. */
export async function readFloats(
  weights: WeightsReader,
  name: string,
): Promise<Float32Array<ArrayBuffer>> {
  const numbers = new Float32Array(weights.tensor(name).bytes / 4);
  await weights.read(name, 0, new Uint8Array(numbers.buffer));
  return numbers;
}

/** Layers as they were written by `addLayers`. */
export async function readLayers(
  weights: WeightsReader,
  label: string,
  count: number,
): Promise<StoredLayer[]> {
  const layers: StoredLayer[] = [];
  for (let at = 0; at < count; at++) {
    const [inDim, outDim] = weights.tensor(`${label}.${at}.weights`).dims as [number, number];
    layers.push({
      inDim,
      outDim,
      weights: await readFloats(weights, `${label}.${at}.weights`),
      bias: await readFloats(weights, `${label}.${at}.bias`),
    });
  }
  return layers;
}

/** Collects weights into one buffer, each stretch at a multiple of four floats. */
export class WeightsPack {
  readonly #stretches: Float32Array[] = [];
  #length = 0;

  /** @returns the first float of the stretch. */
  add(numbers: Float32Array): number {
    const at = this.#length;
    this.#stretches.push(numbers);
    this.#length += Math.ceil(numbers.length / 4) * 4;
    return at;
  }

  toArray(): Float32Array<ArrayBuffer> {
    const all = new Float32Array(this.#length);
    let at = 0;
    for (const stretch of this.#stretches) {
      all.set(stretch, at);
      at += Math.ceil(stretch.length / 4) * 4;
    }
    return all;
  }
}

/** A matrix [rows, columns] with columns filled up to `width` by a number. */
export function widened(
  matrix: Float32Array,
  columns: number,
  width: number,
  filling = 0,
): Float32Array {
  const rows = matrix.length / columns;
  const wide = new Float32Array(rows * width).fill(filling);
  for (let row = 0; row < rows; row++) {
    wide.set(matrix.subarray(row * columns, (row + 1) * columns), row * width);
  }
  return wide;
}

/** Rows of several matrices side by side. */
export function besides(matrices: readonly Float32Array[], rows: number): Float32Array {
  const widths = matrices.map(({ length }) => length / rows);
  const width = widths.reduce((sum, each) => sum + each, 0);
  const all = new Float32Array(rows * width);
  let at = 0;
  for (const [nth, matrix] of matrices.entries()) {
    const columns = widths[nth]!;
    for (let row = 0; row < rows; row++) {
      all.set(matrix.subarray(row * columns, (row + 1) * columns), row * width + at);
    }
    at += columns;
  }
  return all;
}

/** Matrices one after the other. */
export function stacked(matrices: readonly Float32Array[]): Float32Array {
  return besides(matrices, 1);
}
