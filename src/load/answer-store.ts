/** Undecoded answers as they leave the load's thread. */
export interface SealedAnswers {
  /** [kept] index of the request that each answers. */
  readonly requestOf: Uint32Array<ArrayBuffer>;
  /** [kept] how long it took, in milliseconds. */
  readonly latencyMs: Float32Array<ArrayBuffer>;
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** [kept + 1] answer i is `bytes[offsets[i] .. offsets[i + 1])`. */
  readonly offsets: Float64Array<ArrayBuffer>;
  /** 1: every answer was kept; n: each n-th. */
  readonly every: number;
}

export interface AnswerStoreLimits {
  readonly maxAnswers: number;
  readonly maxBytes: number;
}

/** What a thread keeps at most for scoring; beyond it, a systematic sample. */
const LIMITS: AnswerStoreLimits = { maxAnswers: 200_000, maxBytes: 256 * 2 ** 20 };

const SLAB_BYTES = 2 ** 20;

/**
 * Keeps answers for scoring after the clock has stopped, in bounded memory. Once it is full it
 * drops every second one and from then on takes every second one that comes: a systematic sample
 * over the whole of the drive. Bytes are copied, since those of the socket share larger buffers.
 */
export class AnswerStore {
  readonly #limits: AnswerStoreLimits;
  #every = 1;
  #seen = 0;
  #requests: number[] = [];
  #latenciesMs: number[] = [];
  #answers: Uint8Array[] = [];
  /** Memory of dropped answers, used again. */
  readonly #free: Uint8Array[] = [];
  #slab = new Uint8Array(0);
  #allocated = 0;

  constructor(limits: AnswerStoreLimits = LIMITS) {
    this.#limits = limits;
  }

  add(request: number, answer: Uint8Array, latencyMs: number): void {
    const position = this.#seen++;
    if (position % this.#every !== 0) return;
    let room = this.#roomFor(answer.byteLength);
    while (room === null && this.#answers.length > 1) {
      this.#thin();
      if (position % this.#every !== 0) return;
      room = this.#roomFor(answer.byteLength);
    }
    if (room === null) return;
    room.set(answer);
    this.#requests.push(request);
    this.#latenciesMs.push(latencyMs);
    this.#answers.push(room);
  }

  /** Packs what was kept into arrays that can be transferred to another thread. */
  seal(): SealedAnswers {
    const offsets = new Float64Array(this.#answers.length + 1);
    for (const [i, answer] of this.#answers.entries()) {
      offsets[i + 1] = offsets[i]! + answer.byteLength;
    }
    const bytes = new Uint8Array(offsets[this.#answers.length]!);
    for (const [i, answer] of this.#answers.entries()) bytes.set(answer, offsets[i]);
    return {
      requestOf: Uint32Array.from(this.#requests),
      latencyMs: Float32Array.from(this.#latenciesMs),
      bytes,
      offsets,
      every: this.#every,
    };
  }

  #roomFor(length: number): Uint8Array | null {
    if (this.#answers.length >= this.#limits.maxAnswers) return null;
    // What is too short is lost: answers are nearly all of one length.
    for (let used = this.#free.pop(); used !== undefined; used = this.#free.pop()) {
      if (used.byteLength >= length) return used.subarray(0, length);
    }
    if (this.#slab.byteLength < length) {
      const bytes = Math.max(SLAB_BYTES, length);
      if (this.#allocated + bytes > this.#limits.maxBytes) return null;
      this.#slab = new Uint8Array(bytes);
      this.#allocated += bytes;
    }
    const room = this.#slab.subarray(0, length);
    this.#slab = this.#slab.subarray(length);
    return room;
  }

  #thin(): void {
    this.#free.push(...this.#answers.filter((_, i) => i % 2 === 1));
    this.#answers = this.#answers.filter(isKept);
    this.#requests = this.#requests.filter(isKept);
    this.#latenciesMs = this.#latenciesMs.filter(isKept);
    this.#every *= 2;
  }
}

const isKept = (_: unknown, i: number): boolean => i % 2 === 0;
