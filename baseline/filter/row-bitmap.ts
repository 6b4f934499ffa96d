import {
  BITMAP_BYTES,
  LIST_MAX,
  readContainers,
  uint16At,
  writeContainers,
} from "../portable-roaring.ts";
import {
  cardinalityOf,
  type Container,
  intersect,
  rangeContainer,
  settle,
  subtract,
  unite,
  wordsOf,
} from "./container.ts";

/** A roaring bitmap: a set of rows, in containers by their upper 16 bits. Never changed once made. */
export class RowBitmap {
  /** Ascending. */
  readonly #keys: readonly number[];
  readonly #containers: readonly Container[];

  private constructor(keys: readonly number[], containers: readonly Container[]) {
    this.#keys = keys;
    this.#containers = containers;
  }

  /** @param rows In any order, each once. */
  static of(rows: Uint32Array): RowBitmap {
    const sorted = rows.toSorted();
    const keys: number[] = [];
    const containers: Container[] = [];
    for (let from = 0; from < sorted.length;) {
      const key = sorted[from]! >>> 16;
      let to = from + 1;
      while (to < sorted.length && sorted[to]! >>> 16 === key) to++;
      const lows = Uint16Array.from(sorted.subarray(from, to), (row) => row & 0xffff);
      keys.push(key);
      containers.push(lows.length > LIST_MAX ? unite([lows, NONE]) : lows);
      from = to;
    }
    return new RowBitmap(keys, containers);
  }

  /** The rows 0 .. count - 1. */
  static full(count: number): RowBitmap {
    const keys = Array.from({ length: Math.ceil(count / 65_536) }, (_, key) => key);
    return new RowBitmap(
      keys,
      keys.map((key) => rangeContainer(0, Math.min(65_536, count - key * 65_536))),
    );
  }

  /** @param bytes Portable roaring serialisation. */
  static deserialize(bytes: Uint8Array): RowBitmap {
    const found = readContainers(bytes);
    const containers = found.map(({ kind, at, length }): Container => {
      if (kind === "list") return fill(new Uint16Array(length), bytes, at);
      if (kind === "bitmap") return fill(new Int32Array(BITMAP_BYTES / 4), bytes, at);
      const runs = Array.from({ length }, (_, run) => {
        const start = uint16At(bytes, at + run * 4);
        return rangeContainer(start, start + uint16At(bytes, at + run * 4 + 2) + 1);
      });
      return unite(runs);
    });
    return new RowBitmap(
      found.map(({ key }) => key),
      containers.map((container) => settle(container, cardinalityOf(container))),
    );
  }

  /** How much work it is to go through it: rows in lists, words in bitmaps. */
  get weight(): number {
    return this.#containers.reduce((sum, { length }) => sum + length, 0);
  }

  and(other: RowBitmap): RowBitmap {
    return this.#combine(other, (a, b) => (b === undefined ? undefined : intersect(a, b)));
  }

  andNot(other: RowBitmap): RowBitmap {
    return this.#combine(other, (a, b) => (b === undefined ? a : subtract(a, b)));
  }

  /**
   * These and other rows as well, or all but those, in any order: bit by bit in copies of what they
   * touch, which takes a tenth of the time of sorting them into a bitmap of their own.
   */
  mended(rows: Uint32Array, areIn: boolean): RowBitmap {
    const containers = new Map(this.#keys.map((key, i) => [key, this.#containers[i]!]));
    const touched: Int32Array[] = [];
    for (const row of rows) {
      const key = row >>> 16;
      const words = (touched[key] ??= wordsOf(containers.get(key) ?? NONE));
      const bit = 1 << (row & 31);
      if (areIn) words[(row & 0xffff) >>> 5]! |= bit;
      else words[(row & 0xffff) >>> 5]! &= ~bit;
    }
    touched.forEach((words, key) => containers.set(key, words));
    const keys = [...containers.keys()].toSorted((a, b) => a - b);
    return new RowBitmap(
      keys,
      keys.map((key) => containers.get(key)!),
    );
  }

  /** The rows of any of them. */
  static or(bitmaps: readonly RowBitmap[]): RowBitmap {
    const byKey = new Map<number, Container[]>();
    for (const bitmap of bitmaps) {
      for (const [i, key] of bitmap.#keys.entries()) {
        const held = byKey.get(key);
        if (held === undefined) byKey.set(key, [bitmap.#containers[i]!]);
        else held.push(bitmap.#containers[i]!);
      }
    }
    const keys = [...byKey.keys()].toSorted((a, b) => a - b);
    return new RowBitmap(
      keys,
      keys.map((key) => unite(byKey.get(key)!)),
    );
  }

  /** Its size, and its portable serialisation. */
  serialize(): { readonly count: number; readonly bytes: Uint8Array } {
    let count = 0;
    const written = this.#keys.flatMap((key, i) => {
      const container = this.#containers[i]!;
      const cardinality = cardinalityOf(container);
      count += cardinality;
      return cardinality === 0 ? [] : [{ key, cardinality, data: settle(container, cardinality) }];
    });
    return { count, bytes: writeContainers(written) };
  }

  /** A container a key of this one; undefined leaves it out. */
  #combine(
    other: RowBitmap,
    combined: (a: Container, b: Container | undefined) => Container | undefined,
  ): RowBitmap {
    const keys: number[] = [];
    const containers: Container[] = [];
    let at = 0;
    for (const [i, key] of this.#keys.entries()) {
      while (at < other.#keys.length && other.#keys[at]! < key) at++;
      const theirs = other.#keys[at] === key ? other.#containers[at] : undefined;
      const container = combined(this.#containers[i]!, theirs);
      if (container === undefined || container.length === 0) continue;
      keys.push(key);
      containers.push(container);
    }
    return new RowBitmap(keys, containers);
  }
}

/** Copies little-endian elements from where they need not be aligned. */
function fill<Elements extends Container>(to: Elements, bytes: Uint8Array, at: number): Elements {
  new Uint8Array(to.buffer).set(bytes.subarray(at, at + to.byteLength));
  return to;
}

const NONE = new Uint16Array(0);
