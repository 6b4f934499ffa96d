/** Places of a set: how many items whose rows are equal modulo the sets can be held at once. */
const WAYS = 8;

/**
 * Records of items, kept by row until others are needed more: as in a processor, a row has a few
 * places only, and the one used longest ago makes room. A record is several parts of float32.
 */
export class ItemCache {
  hits = 0;
  misses = 0;
  readonly #widths: readonly number[];
  readonly #sets: number;
  /** [sets * WAYS] row + 1; 0: nothing. */
  readonly #held: Uint32Array;
  /** [sets * WAYS] when it was last used. */
  readonly #used: Float64Array;
  /** A part each: [sets * WAYS, width]. */
  readonly #parts: readonly Float32Array[];
  #clock = 0;

  /**
   * @param capacity Items; rounded up to whole sets. 0: nothing is kept.
   * @param widths Numbers of each part of a record.
   */
  constructor(capacity: number, widths: readonly number[]) {
    this.#sets = Math.ceil(capacity / WAYS);
    const places = this.#sets * WAYS;
    this.#widths = widths;
    this.#held = new Uint32Array(places);
    this.#used = new Float64Array(places);
    this.#parts = widths.map((width) => new Float32Array(places * width));
  }

  /**
   * Copies a record out.
   * @param into An array a part, in which records stand one after the other.
   * @param at Which of them this one becomes.
   * @returns false where it is not held, and nothing was copied.
   */
  read(row: number, into: readonly Float32Array[], at: number): boolean {
    const place = this.#find(row);
    if (place < 0) {
      this.misses++;
      return false;
    }
    this.hits++;
    this.#used[place] = ++this.#clock;
    copyRecord(this.#widths, this.#parts, place, into, at);
    return true;
  }

  /** Keeps a record: that which stands at `at` of `from`. */
  write(row: number, from: readonly Float32Array[], at: number): void {
    if (this.#sets === 0) return;
    const found = this.#find(row);
    const place = found < 0 ? this.#oldest(row) : found;
    this.#held[place] = row + 1;
    this.#used[place] = ++this.#clock;
    copyRecord(this.#widths, from, at, this.#parts, place);
  }

  /** Forgets a record. */
  remove(row: number): void {
    const place = this.#find(row);
    if (place >= 0) this.#held[place] = 0;
  }

  #find(row: number): number {
    if (this.#sets === 0) return -1;
    const first = (row % this.#sets) * WAYS;
    for (let place = first; place < first + WAYS; place++) {
      if (this.#held[place] === row + 1) return place;
    }
    return -1;
  }

  #oldest(row: number): number {
    const first = (row % this.#sets) * WAYS;
    let oldest = first;
    for (let place = first + 1; place < first + WAYS; place++) {
      if (this.#used[place]! < this.#used[oldest]!) oldest = place;
    }
    return oldest;
  }
}

/** Copies the record at `start` of `from` to `at` of `to`. */
export function copyRecord(
  widths: readonly number[],
  from: readonly Float32Array[],
  start: number,
  to: readonly Float32Array[],
  at: number,
): void {
  for (let part = 0; part < widths.length; part++) {
    const width = widths[part]!;
    const source = from[part]!;
    const target = to[part]!;
    const first = start * width;
    // A view costs as much as copying some tens of numbers one by one.
    if (width > 32) target.set(source.subarray(first, first + width), at * width);
    else for (let i = 0; i < width; i++) target[at * width + i] = source[first + i]!;
  }
}
