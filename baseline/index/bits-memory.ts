import type { BitsArray, BitsType } from "../container-bits.ts";

/** Arrays that are kept for later batches: as many as are under way at once, usually. */
const MOST_KEPT = 4;

/**
 * Memory for the bits of filters, used batch after batch: of ten million items they are 1.25 MB a
 * filter, and memory that is new to a process is handed out by its kernel page by page, which takes
 * far longer than to write it.
 */
export class BitsMemory {
  readonly #type: BitsType;
  #free: BitsArray[] = [];

  constructor(type: BitsType) {
    this.#type = type;
  }

  /** So many zeros, at the beginning of a buffer that may be larger. */
  take(length: number): BitsArray {
    const at = this.#free.findIndex((one) => one.length >= length);
    if (at >= 0) return this.#free.splice(at, 1)[0]!.subarray(0, length).fill(0);
    // What is too small for this batch is too small for others like it.
    this.#free.pop();
    // A little more, which is no memory before it is used, so that few sizes are met.
    const room = 2 ** Math.ceil(Math.log2(Math.max(1, length)));
    return this.#allocated(room).subarray(0, length);
  }

  /** @param bits What was taken, or as good as that; the whole buffer is used again. */
  giveBack({ buffer }: BitsArray): void {
    const whole = this.#type === "uint8" ? new Uint8Array(buffer) : new Int32Array(buffer);
    this.#free.push(whole);
    this.#free = this.#free.toSorted((a, b) => b.length - a.length).slice(0, MOST_KEPT);
  }

  #allocated(length: number): BitsArray {
    return this.#type === "uint8" ? new Uint8Array(length) : new Int32Array(length);
  }
}
