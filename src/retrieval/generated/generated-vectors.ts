import { SUB_CLUSTERS, widthOf, type GeneratedItems } from "./generated-items.ts";
import { nthWord, placeKey, STREAMS, streamKey } from "./row-hash.ts";

/** The word of an item that its scale is drawn from; those before are its codes. */
export const SCALE_WORD = 0xffff;
/** A scale is (2048 + n) / 2^20, n < 256: a code times it is exact in float32. */
export const SCALE_LEAST = 2048;
export const SCALE_VALUES = 256;
export const SCALE_UNIT = 2 ** -20;

/** Computes the vectors of generated items; see GeneratedItems. */
export class GeneratedVectors {
  readonly #spec: GeneratedItems;
  readonly #width: number;
  readonly #itemStream: number;
  /** int16 [SUB_CLUSTERS, dim]: what an item's own numbers are added to. */
  readonly #centres: Int16Array;
  /** [SUB_CLUSTERS] of which cluster each is held. */
  readonly #clusters = new Int32Array(SUB_CLUSTERS).fill(-1);

  constructor(spec: GeneratedItems) {
    this.#spec = spec;
    this.#width = widthOf(spec);
    this.#itemStream = streamKey(spec.seed, STREAMS.item);
    this.#centres = new Int16Array(SUB_CLUSTERS * spec.dim);
  }

  /**
   * The vectors of neighbouring rows.
   * @param out [to - from, dim], from its beginning on.
   */
  fill(from: number, to: number, out: Float64Array): void {
    const { dim, itemSpread } = this.#spec;
    const centres = this.#centres;
    for (let row = from, at = 0; row < to; row++) {
      const sub = row % SUB_CLUSTERS;
      this.#hold(Math.floor(row / this.#width), sub);
      const key = placeKey(this.#itemStream, row);
      const scale = scaleOf(key);
      let centre = sub * dim;
      for (let word = 0; word < dim / 4; word++, at += 4, centre += 4) {
        const bytes = nthWord(key, word);
        out[at] = (centres[centre]! + uniform(bytes & 255, itemSpread)) * scale;
        out[at + 1] = (centres[centre + 1]! + uniform((bytes >>> 8) & 255, itemSpread)) * scale;
        out[at + 2] = (centres[centre + 2]! + uniform((bytes >>> 16) & 255, itemSpread)) * scale;
        out[at + 3] = (centres[centre + 3]! + uniform(bytes >>> 24, itemSpread)) * scale;
      }
    }
  }

  /** The mean of a cluster's items, but for chance: float32 [dim]. */
  centroid(cluster: number): Float32Array<ArrayBuffer> {
    const { dim, itemSpread } = this.#spec;
    for (let sub = 0; sub < SUB_CLUSTERS; sub++) this.#hold(cluster, sub);
    const ofItem = mean(256, (byte) => uniform(byte, itemSpread));
    const scale = (SCALE_LEAST + (SCALE_VALUES - 1) / 2) * SCALE_UNIT;
    return Float32Array.from({ length: dim }, (_, d) => {
      const ofClusters = mean(SUB_CLUSTERS, (sub) => this.#centres[sub * dim + d]!);
      return (ofClusters + ofItem) * scale;
    });
  }

  #hold(cluster: number, sub: number): void {
    if (this.#clusters[sub] === cluster) return;
    this.#clusters[sub] = cluster;
    const { seed, dim, clusterSpread, itemSpread } = this.#spec;
    const ofCluster = placeKey(streamKey(seed, STREAMS.cluster), cluster);
    const ofSub = placeKey(streamKey(seed, STREAMS.subCluster), cluster * SUB_CLUSTERS + sub);
    for (let d = 0; d < dim; d++) {
      this.#centres[sub * dim + d] =
        uniform(byteOf(ofCluster, d), clusterSpread) + uniform(byteOf(ofSub, d), itemSpread);
    }
  }
}

/** One of `values` whole numbers around 0, by a random byte. */
const uniform = (byte: number, values: number): number => ((byte * values) >> 8) - (values >> 1);

const byteOf = (key: number, at: number): number =>
  (nthWord(key, at >> 2) >>> (8 * (at & 3))) & 255;

const scaleOf = (key: number): number =>
  (SCALE_LEAST + (nthWord(key, SCALE_WORD) & (SCALE_VALUES - 1))) * SCALE_UNIT;

function mean(count: number, of: (at: number) => number): number {
  let sum = 0;
  for (let at = 0; at < count; at++) sum += of(at);
  return sum / count;
}
