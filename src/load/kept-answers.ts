import type { Answer } from "../retrieval/request.ts";
import type { SealedAnswers } from "./answer-store.ts";

/** The answers of a window, or a systematic sample of them, decoded on demand. */
export class KeptAnswers {
  /** [count] index of the request that each answers. */
  readonly requestOf: Uint32Array;
  /** [count] how long each took. */
  readonly latencyMs: Float32Array;
  /** [count] when each came, on performance.now()'s clock. */
  readonly doneMs: Float64Array;
  /** 1: every answer was kept; n: each n-th, since they were more than memory should hold. */
  readonly every: number;
  readonly #parts: readonly SealedAnswers[];
  readonly #places: readonly Place[];
  readonly #decode: (bytes: Buffer) => Answer;

  /** @param parts what each thread kept. Where one kept fewer, fewer are taken of the others. */
  constructor(parts: readonly SealedAnswers[], decode: (bytes: Buffer) => Answer) {
    this.#parts = parts;
    this.every = Math.max(1, ...parts.map(({ every }) => every));
    this.#places = parts.flatMap((part) => {
      const step = this.every / part.every;
      const count = Math.ceil(part.requestOf.length / step);
      return Array.from({ length: count }, (_, i) => ({ part, at: i * step }));
    });
    this.requestOf = Uint32Array.from(this.#places, ({ part, at }) => part.requestOf[at]!);
    this.latencyMs = Float32Array.from(this.#places, ({ part, at }) => part.latencyMs[at]!);
    this.doneMs = Float64Array.from(this.#places, ({ part, at }) => part.doneMs[at]!);
    this.#decode = decode;
  }

  /** These and others of the same door, as if they had come in one window. */
  with(others: KeptAnswers): KeptAnswers {
    return new KeptAnswers([...this.#parts, ...others.#parts], this.#decode);
  }

  get count(): number {
    return this.#places.length;
  }

  /** @throws HarnessError BAD_INPUT if the bytes break the door's contract. */
  answer(i: number): Answer {
    const { part, at } = this.#places[i]!;
    const { bytes, offsets } = part;
    const start = offsets[at]!;
    return this.#decode(
      Buffer.from(bytes.buffer, bytes.byteOffset + start, offsets[at + 1]! - start),
    );
  }
}

interface Place {
  readonly part: SealedAnswers;
  readonly at: number;
}
