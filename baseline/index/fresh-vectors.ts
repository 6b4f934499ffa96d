import {
  compileProducts,
  instantiateProducts,
  type ProductsKernel,
  QUERIES,
} from "./products-kernel.ts";
import { sharedMemory, type WasmModule } from "./wasm-module.ts";

export interface FreshVectorsOptions {
  readonly dim: number;
  /** Most bytes of vectors in one memory; for tests. */
  readonly segmentBytes?: number | undefined;
}

/** A memory is addressed with 32 bits; half of that leaves room and keeps offsets positive. */
const SEGMENT_BYTES = 2 ** 31;
/** The first memory has room for so many vectors. */
const FIRST_SLOTS = 256;
/** Vectors multiplied by one call of the kernel: they stay in the nearer caches for all queries. */
const BLOCK_SLOTS = 1024;

interface Segment {
  readonly slots: number;
  readonly vectors: Float32Array;
  readonly queries: Float32Array;
  /** [BLOCK_SLOTS, QUERIES] */
  readonly scores: Float32Array;
  readonly kernel: ProductsKernel;
}

/**
 * Vectors in slots, more by and by, where a SIMD kernel multiplies them with several queries at
 * once. Belongs to one thread.
 */
export class FreshVectors {
  readonly #dim: number;
  /** Floats from vector to vector: dim, zero-padded to a multiple of 4. */
  readonly #stride: number;
  /** Slots of every segment but the last, which may have fewer. */
  readonly #segmentSlots: number;
  readonly #segments: Segment[] = [];
  #module: WasmModule | null = null;

  constructor({ dim, segmentBytes = SEGMENT_BYTES }: FreshVectorsOptions) {
    this.#dim = dim;
    this.#stride = Math.ceil(dim / 4) * 4;
    this.#segmentSlots = Math.max(1, Math.floor(segmentBytes / (this.#stride * 4)));
  }

  /** @param slot Any, whether there was room for it or not. */
  set(slot: number, vector: Float32Array): void {
    while (this.#segmentOf(slot) === undefined) this.#grow();
    this.#place(slot).set(vector);
  }

  /** Puts one slot's vector in the place of another's. */
  move(from: number, to: number): void {
    this.#place(to).set(this.#place(from));
  }

  /**
   * Multiplies the vectors of the first so many slots with each query.
   * @param visit Told the products of some slots in a row with a query: that of slot
   *   `first + i` stands at `at + i * step` of the scores, which are good until it returns.
   */
  multiply(
    queries: readonly Float32Array[],
    slots: number,
    visit: (products: Products) => void,
  ): void {
    for (const [nth, segment] of this.#segments.entries()) {
      const start = nth * this.#segmentSlots;
      const end = Math.min(start + segment.slots, slots);
      for (let first = start; first < end; first += BLOCK_SLOTS) {
        const count = Math.min(BLOCK_SLOTS, end - first);
        this.#multiplyBlock(segment, { first, count, at: first - start }, queries, visit);
      }
    }
  }

  #multiplyBlock(
    { vectors, queries: together, scores, kernel }: Segment,
    { first, count, at }: { readonly first: number; readonly count: number; readonly at: number },
    queries: readonly Float32Array[],
    visit: (products: Products) => void,
  ): void {
    const rows = vectors.byteOffset + at * this.#stride * 4;
    for (let from = 0; from < queries.length; from += QUERIES) {
      const some = queries.slice(from, from + QUERIES);
      // Whatever stands in the place of a query that is not there is multiplied and not looked at.
      for (const [place, query] of some.entries()) together.set(query, place * this.#stride);
      kernel.products(rows, count, together.byteOffset, scores.byteOffset);
      for (const place of some.keys()) {
        visit({ query: from + place, first, count, scores, at: place, step: QUERIES });
      }
    }
  }

  #segmentOf(slot: number): Segment | undefined {
    const segment = this.#segments[Math.floor(slot / this.#segmentSlots)];
    return slot % this.#segmentSlots < (segment?.slots ?? 0) ? segment : undefined;
  }

  #place(slot: number): Float32Array {
    const at = (slot % this.#segmentSlots) * this.#stride;
    return this.#segmentOf(slot)!.vectors.subarray(at, at + this.#dim);
  }

  /** The last segment gets twice the room, or there is one more. */
  #grow(): void {
    const last = this.#segments.at(-1);
    if (last === undefined || last.slots === this.#segmentSlots) {
      this.#segments.push(this.#segment(Math.min(FIRST_SLOTS, this.#segmentSlots)));
      return;
    }
    const larger = this.#segment(Math.min(2 * last.slots, this.#segmentSlots));
    larger.vectors.set(last.vectors);
    this.#segments[this.#segments.length - 1] = larger;
  }

  #segment(slots: number): Segment {
    const sizes = [slots * this.#stride, QUERIES * this.#stride, BLOCK_SLOTS * QUERIES] as const;
    const memory = sharedMemory(4 * sizes.reduce((sum, size) => sum + size, 0));
    this.#module ??= compileProducts(this.#stride);
    let at = 0;
    const [vectors, queries, scores] = sizes.map((size) => {
      const part = new Float32Array(memory.buffer, at, size);
      at += size * 4;
      return part;
    }) as [Float32Array, Float32Array, Float32Array];
    return { slots, vectors, queries, scores, kernel: instantiateProducts(this.#module, memory) };
  }
}

/** Of a query with slots in a row. */
export interface Products {
  /** The query's number. */
  readonly query: number;
  readonly first: number;
  readonly count: number;
  readonly scores: Float32Array;
  readonly at: number;
  readonly step: number;
}
