import { TopK } from "../math/top-k.ts";
import type { Random } from "../math/random.ts";
import type { Catalogue } from "../retrieval/catalogue.ts";

/** Items looked at for a vector, at least, where there are as many. */
const CANDIDATES = 2_000;
/** Items a bucket holds, about: some tens of buckets around a vector make a search. */
const BUCKET_ITEMS = 500;

/**
 * Finds items near a vector, roughly and cheaply, to make up what a user has "already seen". It
 * knows nothing of either system's index: items are hashed by the signs of random projections
 * (Charikar, "Similarity estimation techniques from rounding algorithms", 2002), and the buckets
 * that differ in the least certain sign are looked at first.
 */
export class NearItems {
  readonly #catalogue: Catalogue;
  readonly #bits: number;
  /** [bits, dim] */
  readonly #planes: Float32Array;
  /** [bits] the projections of the mean item: signs are taken around it. */
  readonly #centre: Float64Array;
  /** [bits] the last projection. */
  readonly #margins: Float64Array;
  /** [2^bits + 1] */
  readonly #offsets: Uint32Array;
  /** [items] rows by bucket. */
  readonly #rows: Uint32Array;

  constructor(catalogue: Catalogue, random: Random) {
    const { count, dim } = catalogue;
    this.#catalogue = catalogue;
    this.#bits = Math.max(0, Math.min(16, Math.ceil(Math.log2(count / BUCKET_ITEMS))));
    this.#planes = Float32Array.from({ length: this.#bits * dim }, () => random.gaussian());
    this.#margins = new Float64Array(this.#bits);
    this.#centre = new Float64Array(this.#bits);
    this.#centre.set(this.#project(meanOf(catalogue), 0));
    const bucketOf = new Uint32Array(count);
    this.#offsets = new Uint32Array(2 ** this.#bits + 1);
    for (let row = 0; row < count; row++) {
      bucketOf[row] = bucketFor(this.#project(catalogue.embeddings, row * dim));
      this.#offsets[bucketOf[row]! + 1]!++;
    }
    for (let bucket = 1; bucket < this.#offsets.length; bucket++) {
      this.#offsets[bucket]! += this.#offsets[bucket - 1]!;
    }
    const next = this.#offsets.slice();
    this.#rows = new Uint32Array(count);
    for (let row = 0; row < count; row++) this.#rows[next[bucketOf[row]!]!++] = row;
  }

  /** Up to n rows with large inner products, best first. Fewer than n only by bad luck. */
  near(vector: Float32Array, n: number): Uint32Array {
    const { dim, embeddings } = this.#catalogue;
    const best = new TopK(n);
    let seen = 0;
    for (const bucket of this.#bucketsAround(vector)) {
      const rows = this.#rows.subarray(this.#offsets[bucket], this.#offsets[bucket + 1]);
      for (const row of rows) {
        const value = dot(embeddings, row * dim, vector, 0, dim);
        if (value >= best.threshold) best.push(value, row);
      }
      seen += rows.length;
      if (seen >= Math.max(CANDIDATES, n)) break;
    }
    return best.take().rows;
  }

  /** Its own bucket, then those with one and with two signs flipped, the least certain first. */
  *#bucketsAround(vector: Float32Array): Generator<number> {
    const margins = this.#project(vector, 0).slice();
    const own = bucketFor(margins);
    yield own;
    const flips = Array.from(margins, (margin, bit) => ({
      cost: Math.abs(margin),
      mask: 1 << bit,
    }));
    const pairs = flips.flatMap((a, at) =>
      flips.slice(at + 1).map((b) => ({ cost: a.cost + b.cost, mask: a.mask | b.mask })),
    );
    const all = [...flips, ...pairs].toSorted((a, b) => a.cost - b.cost);
    for (const { mask } of all) yield own ^ mask;
  }

  /** [bits] signed distances of the vector at an offset from the planes through the mean item. */
  #project(vectors: Float32Array, offset: number): Float64Array {
    const { dim } = this.#catalogue;
    const margins = this.#margins;
    for (let bit = 0; bit < this.#bits; bit++) {
      const product = dot(this.#planes, bit * dim, vectors, offset, dim);
      margins[bit] = product - this.#centre[bit]!;
    }
    return margins;
  }
}

function bucketFor(margins: Float64Array): number {
  let bucket = 0;
  for (let bit = 0; bit < margins.length; bit++) if (margins[bit]! > 0) bucket |= 1 << bit;
  return bucket;
}

/** Mean of at most 10,000 items spread over the catalogue. */
function meanOf({ count, dim, embeddings }: Catalogue): Float32Array {
  const sums = new Float64Array(dim);
  const stride = Math.max(1, Math.floor(count / 10_000));
  let taken = 0;
  for (let row = 0; row < count; row += stride) {
    for (let at = 0; at < dim; at++) sums[at]! += embeddings[row * dim + at]!;
    taken++;
  }
  return Float32Array.from(sums, (sum) => sum / taken);
}

/** Sums in four lanes: the additions of one lane need not wait for those of another. */
function dot(
  a: Float32Array,
  aOffset: number,
  b: Float32Array,
  bOffset: number,
  dim: number,
): number {
  let s0 = 0;
  let s1 = 0;
  let s2 = 0;
  let s3 = 0;
  const whole = dim & ~3;
  for (let at = 0; at < whole; at += 4) {
    s0 += a[aOffset + at]! * b[bOffset + at]!;
    s1 += a[aOffset + at + 1]! * b[bOffset + at + 1]!;
    s2 += a[aOffset + at + 2]! * b[bOffset + at + 2]!;
    s3 += a[aOffset + at + 3]! * b[bOffset + at + 3]!;
  }
  for (let at = whole; at < dim; at++) s0 += a[aOffset + at]! * b[bOffset + at]!;
  return s0 + s1 + s2 + s3;
}
