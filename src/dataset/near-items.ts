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
  /** [2^bits + 1] */
  readonly #offsets: Uint32Array;
  /** [items] rows by bucket. */
  readonly #rows: Uint32Array;

  constructor(catalogue: Catalogue, random: Random) {
    const { count, dim } = catalogue;
    this.#catalogue = catalogue;
    this.#bits = Math.max(0, Math.min(16, Math.ceil(Math.log2(count / BUCKET_ITEMS))));
    this.#planes = Float32Array.from({ length: this.#bits * dim }, () => random.gaussian());
    this.#centre = new Float64Array(this.#bits);
    this.#centre.set(this.#project(meanOf(catalogue)));
    const bucketOf = new Uint32Array(count);
    this.#offsets = new Uint32Array(2 ** this.#bits + 1);
    for (let row = 0; row < count; row++) {
      bucketOf[row] = bucketFor(this.#project(this.#item(row)));
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
    const best = new TopK(n);
    let seen = 0;
    for (const bucket of this.#bucketsAround(vector)) {
      const rows = this.#rows.subarray(this.#offsets[bucket], this.#offsets[bucket + 1]);
      for (const row of rows) {
        const value = dot(this.#item(row), vector);
        if (value >= best.threshold) best.push(value, row);
      }
      seen += rows.length;
      if (seen >= Math.max(CANDIDATES, n)) break;
    }
    return best.take().rows;
  }

  /** Its own bucket, then those with one and with two signs flipped, the least certain first. */
  *#bucketsAround(vector: Float32Array): Generator<number> {
    const margins = this.#project(vector);
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

  /** [bits] signed distances from the planes through the mean item. */
  #project(vector: Float32Array): Float64Array {
    const { dim } = this.#catalogue;
    const margins = new Float64Array(this.#bits);
    for (let bit = 0; bit < this.#bits; bit++) {
      const plane = this.#planes.subarray(bit * dim, (bit + 1) * dim);
      margins[bit] = dot(plane, vector) - this.#centre[bit]!;
    }
    return margins;
  }

  #item(row: number): Float32Array {
    const { dim, embeddings } = this.#catalogue;
    return embeddings.subarray(row * dim, (row + 1) * dim);
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

function dot(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let at = 0; at < a.length; at++) sum += a[at]! * b[at]!;
  return sum;
}
