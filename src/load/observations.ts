import { Histogram } from "../math/histogram.ts";
import type { ThreadUsage } from "../measure/event-loop.ts";
import type { Answer } from "../retrieval/request.ts";
import type { SealedAnswers } from "./answer-store.ts";

/** Failures of one kind. */
export interface ErrorTally {
  readonly count: number;
  /** The message of the first. */
  readonly example: string;
}

/** What a drive saw, as it comes from the load's thread. */
export interface RawObservations {
  readonly seconds: number;
  readonly completed: number;
  readonly answered: number;
  readonly errors: ReadonlyMap<string, ErrorTally>;
  /** HdrHistogram (V2, base64), microseconds. */
  readonly latency: string;
  readonly perSecond: { readonly completed: readonly number[] };
  readonly unfinished: Unfinished;
  readonly nextAt: number;
  readonly endedEarly: string | null;
  readonly client: ThreadUsage;
  readonly answers: SealedAnswers;
}

/** Requests still under way when the window closed; awaited, and counted nowhere else. */
export interface Unfinished {
  readonly count: number;
  readonly longestMs: number;
}

/**
 * What one drive of a load on a system saw. The load starts before the measured window opens (each
 * connection has had an answer by then) and what is under way when it closes is awaited; so what
 * completes inside it is a fair sample of a load that goes on for ever.
 */
export interface Observations {
  /** Length of the window. */
  readonly seconds: number;
  /** Answers that came inside the window: throughput is completed / seconds. */
  readonly completed: number;
  /** Answers of the whole drive: what the system's CPU seconds are to be divided by. */
  readonly answered: number;
  /** Failures of the whole drive, by error code. */
  readonly errors: ReadonlyMap<string, ErrorTally>;
  /** Microseconds of each answer inside the window. */
  readonly latency: Histogram;
  /** Answers of each second of the window; the last may be a part of one. */
  readonly perSecond: { readonly completed: readonly number[] };
  readonly unfinished: Unfinished;
  /** Where in the walk the next drive goes on. */
  readonly nextAt: number;
  /** Why it stopped before its time; null if it did not. */
  readonly endedEarly: string | null;
  /** The load's own thread during the window: whether it held the measurement up. */
  readonly client: ThreadUsage;
  readonly answers: KeptAnswers;
}

/** The answers of a window, or a systematic sample of them, decoded on demand. */
export class KeptAnswers {
  /** [count] index of the request that each answers. */
  readonly requestOf: Uint32Array;
  /** 1: every answer was kept; n: each n-th, since they were more than memory should hold. */
  readonly every: number;
  readonly #sealed: SealedAnswers;
  readonly #decode: (bytes: Buffer) => Answer;

  constructor(sealed: SealedAnswers, decode: (bytes: Buffer) => Answer) {
    this.requestOf = sealed.requestOf;
    this.every = sealed.every;
    this.#sealed = sealed;
    this.#decode = decode;
  }

  get count(): number {
    return this.requestOf.length;
  }

  /** @throws HarnessError BAD_INPUT if the bytes break the door's contract. */
  answer(i: number): Answer {
    const { bytes, offsets } = this.#sealed;
    const start = offsets[i]!;
    return this.#decode(
      Buffer.from(bytes.buffer, bytes.byteOffset + start, offsets[i + 1]! - start),
    );
  }
}

/** The raw form made useful on the receiving side. */
export function toObservations(
  raw: RawObservations,
  decode: (bytes: Buffer) => Answer,
): Observations {
  return {
    ...raw,
    latency: Histogram.decode(raw.latency),
    answers: new KeptAnswers(raw.answers, decode),
  };
}
