/** The best rows, best first: value descending, row ascending where values are equal. */
export interface Ranked {
  readonly rows: Uint32Array;
  readonly values: Float64Array;
}

/**
 * Keeps the k best of a stream of (value, row) pairs in constant memory. The order is total
 * (value descending, row ascending), so the outcome does not depend on the order of the stream.
 *
 * A caller with a hot loop compares with `threshold` first and calls `push` only where
 * `value >= threshold`.
 */
export class TopK {
  readonly k: number;
  /** A binary heap with the worst kept pair at its root. */
  readonly #values: Float64Array;
  readonly #rows: Uint32Array;
  #size = 0;

  /** @param k how many pairs are kept; 0 keeps none. */
  constructor(k: number) {
    if (!Number.isInteger(k) || k < 0) throw new RangeError(`k must be an integer >= 0, got ${k}`);
    this.k = k;
    this.#values = new Float64Array(k);
    this.#rows = new Uint32Array(k);
  }

  get size(): number {
    return this.#size;
  }

  /** A value below this cannot enter. -Infinity until k pairs are kept. */
  get threshold(): number {
    if (this.#size < this.k) return -Infinity;
    return this.k === 0 ? Infinity : this.#values[0]!;
  }

  clear(): void {
    this.#size = 0;
  }

  /** @param value any number but NaN. */
  push(value: number, row: number): void {
    if (this.#size < this.k) {
      this.#siftUp(this.#size++, value, row);
    } else if (this.k > 0 && isWorse(this.#values[0]!, this.#rows[0]!, value, row)) {
      this.#siftDown(this.#size, value, row);
    }
  }

  /** The pairs kept, best first; leaves it empty. */
  take(): Ranked {
    const size = this.#size;
    const rows = new Uint32Array(size);
    const values = new Float64Array(size);
    for (let left = size; left > 0; left--) {
      rows[left - 1] = this.#rows[0]!;
      values[left - 1] = this.#values[0]!;
      this.#siftDown(left - 1, this.#values[left - 1]!, this.#rows[left - 1]!);
    }
    this.#size = 0;
    return { rows, values };
  }

  /** Places a pair at or above the hole, moving better parents down. */
  #siftUp(hole: number, value: number, row: number): void {
    const values = this.#values;
    const rows = this.#rows;
    let at = hole;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!isWorse(value, row, values[parent]!, rows[parent]!)) break;
      values[at] = values[parent]!;
      rows[at] = rows[parent]!;
      at = parent;
    }
    values[at] = value;
    rows[at] = row;
  }

  /** Replaces the root of a heap of `size` pairs, moving worse children up. */
  #siftDown(size: number, value: number, row: number): void {
    const values = this.#values;
    const rows = this.#rows;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= size) break;
      const right = child + 1;
      if (right < size && isWorse(values[right]!, rows[right]!, values[child]!, rows[child]!)) {
        child = right;
      }
      if (!isWorse(values[child]!, rows[child]!, value, row)) break;
      values[at] = values[child]!;
      rows[at] = rows[child]!;
      at = child;
    }
    if (this.k > 0) {
      values[at] = value;
      rows[at] = row;
    }
  }
}

function isWorse(value: number, row: number, otherValue: number, otherRow: number): boolean {
  return value < otherValue || (value === otherValue && row > otherRow);
}
