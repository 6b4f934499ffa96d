import type { Catalogue } from "../../src/retrieval/catalogue.ts";

/** Codes run from -127 to 127, so that a code and its negative mean the same length. */
const LEVELS = 127;

type Embeddings = Pick<Catalogue, "count" | "dim" | "embeddings">;

/**
 * Whether each item has a scale of its own, or all have the one of the largest number, as
 * SilverTorch was published. A scale an item keeps short embeddings as exact as long ones.
 */
export type ScaleOf = "perItem" | "global";

/** What a code of 1 stands for, of each item: its, or the catalogue's, largest number is code 127. */
export function itemScales({ count, dim, embeddings }: Embeddings, scale: ScaleOf): Float32Array {
  const scales = new Float32Array(count);
  for (let item = 0; item < count; item++) {
    let largest = 0;
    for (let at = item * dim; at < (item + 1) * dim; at++) {
      largest = Math.max(largest, Math.abs(embeddings[at]!));
    }
    scales[item] = largest / LEVELS;
  }
  if (scale === "perItem") return scales;
  return scales.fill(scales.reduce((largest, each) => Math.max(largest, each), 0));
}

/** Dimensions transposed at a time: as many as share a few cache lines of an embedding. */
const STRIP = 16;

/**
 * The codes of items, int8 [dim, scales.length], a strip of dimensions after another.
 *
 * @param scales of the items, and 0 for what fills them up.
 */
export function* itemCodes(
  { count, dim, embeddings }: Embeddings,
  scales: Float32Array,
): Generator<Int8Array> {
  const padded = scales.length;
  for (let first = 0; first < dim; first += STRIP) {
    const height = Math.min(STRIP, dim - first);
    const strip = new Int8Array(height * padded);
    for (let item = 0; item < count; item++) {
      const inverse = scales[item] === 0 ? 0 : 1 / scales[item]!;
      for (let row = 0; row < height; row++) {
        strip[row * padded + item] = Math.round(embeddings[item * dim + first + row]! * inverse);
      }
    }
    yield strip;
  }
}
