import type { RequestBytes } from "./request-bytes.ts";

/** What the load's thread is told; what stands in it crosses a thread boundary. */
export type LoadTask = {
  readonly requests: RequestBytes;
  /** Index in the walk through the requests; it wraps around. */
  readonly startAt: number;
  readonly seconds: number;
  readonly requestTimeoutMs: number;
} & (
  | { readonly shape: "closed"; readonly address: string; readonly inFlight: number }
  | { readonly shape: "http"; readonly httpAddress: string; readonly connections: number }
);

export type ClosedTask = Extract<LoadTask, { shape: "closed" }>;
export type HttpTask = Extract<LoadTask, { shape: "http" }>;

/** A walk through encoded requests, from a place and round again. */
export class Walk {
  readonly #requests: readonly Buffer[];
  #at: number;

  constructor({ bytes, offsets }: RequestBytes, startAt: number) {
    const count = offsets.length - 1;
    this.#requests = Array.from({ length: count }, (_, i) =>
      Buffer.from(bytes, offsets[i], offsets[i + 1]! - offsets[i]!),
    );
    this.#at = startAt % count;
  }

  /** Index of the request that `next` gives. */
  get at(): number {
    return this.#at;
  }

  /** Index of the next request. */
  next(): number {
    const at = this.#at;
    this.#at = at + 1 === this.#requests.length ? 0 : at + 1;
    return at;
  }

  bytesOf(request: number): Buffer {
    return this.#requests[request]!;
  }
}
