/** Undecoded answers as they leave the load's thread. */
export interface SealedAnswers {
  /** [kept] index of the request that each answers. */
  readonly requestOf: Uint32Array<ArrayBuffer>;
  /** [kept] how long it took, in milliseconds. */
  readonly latencyMs: Float32Array<ArrayBuffer>;
  /** [kept] when it came, on performance.now()'s clock. */
  readonly doneMs: Float64Array<ArrayBuffer>;
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
 *
 * An answer lies in a slot, which is nothing but numbers in arrays, and a dropped one lies there
 * until its slot is taken: as many objects, or one pass over all of them, would stop the clock.
 */
export class AnswerStore {
  readonly #limits: AnswerStoreLimits;
  readonly #slots: Slots;
  readonly #slabs: Uint8Array[] = [];
  #allocated = 0;
  /** Bytes taken of the last slab. */
  #taken = 0;
  #every = 1;
  #seen = 0;
  /** All slots before this one are kept. */
  #looked = 0;

  constructor(limits: AnswerStoreLimits = LIMITS) {
    this.#limits = limits;
    this.#slots = new Slots(limits.maxAnswers);
  }

  add(request: number, answer: Uint8Array, latencyMs: number, doneMs: number): void {
    const position = this.#seen++;
    if (position % this.#every !== 0) return;
    let slot = this.#slotFor(answer.byteLength);
    while (slot === NO_SLOT) {
      // Where not even the first has room, none has.
      if (position === 0) return;
      this.#every *= 2;
      this.#looked = 0;
      if (position % this.#every !== 0) return;
      slot = this.#slotFor(answer.byteLength);
    }
    const {
      position: positions,
      requestOf,
      latencyMs: latencies,
      doneMs: dones,
      slab,
      offset,
      length,
    } = this.#slots;
    positions[slot] = position;
    requestOf[slot] = request;
    latencies[slot] = latencyMs;
    dones[slot] = doneMs;
    length[slot] = answer.byteLength;
    this.#slabs[slab[slot]!]!.set(answer, offset[slot]);
  }

  /** Packs what was kept into arrays that can be transferred to another thread. */
  seal(): SealedAnswers {
    const { count, position, requestOf, latencyMs, doneMs, slab, offset, length } = this.#slots;
    const kept = Uint32Array.from({ length: count }, (_, slot) => slot)
      .filter((slot) => this.#isKept(slot))
      .toSorted((a, b) => position[a]! - position[b]!);
    const offsets = new Float64Array(kept.length + 1);
    for (const [i, slot] of kept.entries()) offsets[i + 1] = offsets[i]! + length[slot]!;
    const bytes = new Uint8Array(offsets[kept.length]!);
    for (const [i, slot] of kept.entries()) {
      const from = offset[slot]!;
      bytes.set(this.#slabs[slab[slot]!]!.subarray(from, from + length[slot]!), offsets[i]);
    }
    return {
      requestOf: kept.map((slot) => requestOf[slot]!),
      latencyMs: Float32Array.from(kept, (slot) => latencyMs[slot]!),
      doneMs: Float64Array.from(kept, (slot) => doneMs[slot]!),
      bytes,
      offsets,
      every: this.#every,
    };
  }

  #isKept(slot: number): boolean {
    return this.#slots.position[slot]! % this.#every === 0;
  }

  /** A slot with so much room: a dropped answer's, or a new one; NO_SLOT if all is taken. */
  #slotFor(length: number): number {
    const { count, room } = this.#slots;
    while (this.#looked < count) {
      const slot = this.#looked++;
      // What is too short is lost: answers are nearly all of one length.
      if (!this.#isKept(slot) && room[slot]! >= length) return slot;
    }
    if (count === this.#limits.maxAnswers || !this.#hasSlab(length)) return NO_SLOT;
    this.#slots.add(this.#slabs.length - 1, this.#taken, length);
    this.#taken += length;
    return count;
  }

  /** Whether the last slab has so much room, or another that has can be had. */
  #hasSlab(length: number): boolean {
    const last = this.#slabs.at(-1);
    if (last !== undefined && last.byteLength - this.#taken >= length) return true;
    const bytes = Math.max(SLAB_BYTES, length);
    if (this.#allocated + bytes > this.#limits.maxBytes) return false;
    this.#slabs.push(new Uint8Array(bytes));
    this.#allocated += bytes;
    this.#taken = 0;
    return true;
  }
}

const NO_SLOT = -1;

/** Where answers lie, a column a property. Pages that are never touched cost no memory. */
class Slots {
  count = 0;
  /** Which of all answers it is, from 0. */
  readonly position: Float64Array;
  readonly requestOf: Uint32Array<ArrayBuffer>;
  readonly latencyMs: Float32Array;
  readonly doneMs: Float64Array;
  readonly slab: Uint32Array;
  readonly offset: Uint32Array;
  readonly length: Uint32Array;
  /** What fits in: as much as the first answer that lay there. */
  readonly room: Uint32Array;

  constructor(most: number) {
    this.position = new Float64Array(most);
    this.requestOf = new Uint32Array(most);
    this.latencyMs = new Float32Array(most);
    this.doneMs = new Float64Array(most);
    this.slab = new Uint32Array(most);
    this.offset = new Uint32Array(most);
    this.length = new Uint32Array(most);
    this.room = new Uint32Array(most);
  }

  add(slab: number, offset: number, room: number): void {
    const slot = this.count++;
    this.slab[slot] = slab;
    this.offset[slot] = offset;
    this.room[slot] = room;
  }
}
