import type { RequestBytes } from "./request-bytes.ts";

/** A walk through encoded requests, from a place on, in steps, and round again. */
export class Walk {
  readonly #requests: readonly Buffer[];
  readonly #stride: number;
  #at: number;

  constructor({ bytes, offsets }: RequestBytes, startAt: number, stride = 1) {
    const count = offsets.length - 1;
    this.#requests = Array.from({ length: count }, (_, i) =>
      Buffer.from(bytes, offsets[i], offsets[i + 1]! - offsets[i]!),
    );
    this.#stride = stride;
    this.#at = startAt % count;
  }

  /** Index of the request that `next` gives. */
  get at(): number {
    return this.#at;
  }

  /** Index of the next request. */
  next(): number {
    const at = this.#at;
    this.#at = (at + this.#stride) % this.#requests.length;
    return at;
  }

  bytesOf(request: number): Buffer {
    return this.#requests[request]!;
  }
}
