import { type BitsArray, setBits } from "./container-bits.ts";
import {
  BITMAP_BYTES,
  type PortableContainer,
  readContainers,
  uint16At,
  uint32At,
} from "./portable-roaring.ts";
import type { RowRange } from "./row-range.ts";

/**
 * A set of rows as the filter service sends it, read in place: membership, and the rows in order.
 */
export class RowSet {
  readonly cardinality: number;
  readonly #range: RowRange | null;
  readonly #bytes: Uint8Array;
  readonly #containers: readonly PortableContainer[];

  /**
   * @param bytes Portable roaring serialisation; viewed, so it must stay as it is.
   * @param range Only these rows are in the set, and they are counted from the first of them.
   * @throws HarnessError BAD_INPUT if the bytes are none.
   */
  constructor(bytes: Uint8Array, range: RowRange | null = null) {
    const containers = readContainers(bytes);
    this.#bytes = bytes;
    this.#range = range;
    this.#containers =
      range === null ? containers : containers.filter(({ key }) => overlaps(key, range));
    this.cardinality = this.#containers.reduce((sum, one) => sum + this.#countOf(one), 0);
  }

  /** The highest row, as it stands in the bytes; -1: there is none. */
  get last(): number {
    const container = this.#containers.at(-1);
    if (container === undefined) return -1;
    const { key, kind, at, length } = container;
    const bytes = this.#bytes;
    if (kind === "list") return key * CONTAINER_ROWS + uint16At(bytes, at + 2 * (length - 1));
    if (kind === "runs") {
      const run = at + 4 * (length - 1);
      return key * CONTAINER_ROWS + uint16At(bytes, run) + uint16At(bytes, run + 2);
    }
    let word = BITMAP_BYTES / 4 - 1;
    while (uint32At(bytes, at + word * 4) === 0) word--;
    return key * CONTAINER_ROWS + word * 32 + 31 - Math.clz32(uint32At(bytes, at + word * 4));
  }

  /** @param relative A row, counted from the range's first. */
  has(relative: number): boolean {
    const row = relative + (this.#range?.from ?? 0);
    const container = withKey(this.#containers, row >>> 16);
    if (container === undefined) return false;
    const low = row & 0xffff;
    const bytes = this.#bytes;
    if (container.kind === "bitmap") {
      return ((bytes[container.at + (low >>> 3)]! >>> (low & 7)) & 1) === 1;
    }
    const width = container.kind === "list" ? 2 : 4;
    const found = lastAtMost(bytes, container, width, low);
    if (found < 0) return false;
    const at = container.at + found * width;
    const start = uint16At(bytes, at);
    return container.kind === "list" ? start === low : low - start <= uint16At(bytes, at + 2);
  }

  /**
   * Writes the rows, ascending, to `out`, which has room for `cardinality` of them.
   * @returns how many were written.
   */
  writeRows(out: Uint32Array): number {
    const range = this.#range;
    const to = { rows: out, count: 0 };
    for (const container of this.#containers) {
      if (range === null) WRITERS[container.kind](this.#bytes, container, to, 1);
      else for (const row of this.#within(container, range)) out[to.count++] = row - range.from;
    }
    return to.count;
  }

  /**
   * Hands over about one row of so many, group after group of neighbours: of those that lie close, one
   * word of 32 of so many.
   * @param every Odd, so that it is not in step with rows that are laid out in powers of two; 1: all rows.
   * @param room [GROUP_ROWS]; what `use` is given stands in it.
   */
  sample(every: number, room: Uint32Array, use: (rows: Uint32Array) => void): void {
    const range = this.#range;
    for (const container of this.#containers) {
      const to = { rows: room, count: 0 };
      WRITERS[container.kind](this.#bytes, container, to, every);
      const written = room.subarray(0, to.count);
      use(range === null ? written : moved(written, range));
    }
  }

  /**
   * Sets a bit a row, lowest first, in bytes that are all 0; where a device takes no bytes, each has
   * a number of its own.
   * @param bytes [ceil(rows of the range / 8)] or more
   */
  writeBits(bytes: BitsArray): void {
    const range = this.#range ?? { from: 0, to: bytes.length * 8 };
    for (const container of this.#containers) setBits(this.#bytes, container, range, bytes);
  }

  #countOf(container: PortableContainer): number {
    const range = this.#range;
    if (range === null || isInside(container.key, range)) return container.cardinality;
    return this.#within(container, range).length;
  }

  /** The rows of a container that are in the range. */
  #within(container: PortableContainer, range: RowRange): Uint32Array {
    const rows = this.#rowsOf(container);
    if (isInside(container.key, range)) return rows;
    return rows.filter((row) => row >= range.from && row < range.to);
  }

  #rowsOf(container: PortableContainer): Uint32Array {
    const rows = new Uint32Array(container.cardinality);
    WRITERS[container.kind](this.#bytes, container, { rows, count: 0 }, 1);
    return rows;
  }
}

/** Rows that one container is for. */
const CONTAINER_ROWS = 65_536;
/** Most rows that a sample hands over at a time. */
export const GROUP_ROWS = CONTAINER_ROWS;

const overlaps = (key: number, { from, to }: RowRange): boolean =>
  key * CONTAINER_ROWS < to && (key + 1) * CONTAINER_ROWS > from;

const isInside = (key: number, { from, to }: RowRange): boolean =>
  key * CONTAINER_ROWS >= from && (key + 1) * CONTAINER_ROWS <= to;

/** In place: the rows of a range, counted from its first. */
function moved(rows: Uint32Array, { from, to }: RowRange): Uint32Array {
  let count = 0;
  for (const row of rows) if (row >= from && row < to) rows[count++] = row - from;
  return rows.subarray(0, count);
}

/** Where rows are written, and how many stand there. */
interface Written {
  readonly rows: Uint32Array;
  count: number;
}

/** One a kind of container; each writes one row of `every`, bitmaps one word. */
type Writer = (bytes: Uint8Array, container: PortableContainer, to: Written, every: number) => void;

const WRITERS: Readonly<Record<PortableContainer["kind"], Writer>> = {
  list: (bytes, { key, at, length }, to, every) => {
    const high = key * CONTAINER_ROWS;
    let { rows, count } = to;
    for (let i = 0; i < length; i += every) rows[count++] = high + uint16At(bytes, at + 2 * i);
    to.count = count;
  },
  runs: (bytes, { key, at, length }, to, every) => {
    let { rows, count } = to;
    // Rows of the next run before the first that is written.
    let skipped = 0;
    for (let run = 0; run < length; run++) {
      const first = key * CONTAINER_ROWS + uint16At(bytes, at + run * 4);
      const many = uint16At(bytes, at + run * 4 + 2) + 1;
      let more = skipped;
      for (; more < many; more += every) rows[count++] = first + more;
      skipped = more - many;
    }
    to.count = count;
  },
  bitmap: (bytes, { key, at }, to, every) => {
    let { rows, count } = to;
    for (let word = 0; word < BITMAP_BYTES / 4; word += every) {
      let bits = uint32At(bytes, at + word * 4) | 0;
      const base = key * CONTAINER_ROWS + word * 32;
      while (bits !== 0) {
        const lowest = bits & -bits;
        rows[count++] = base + 31 - Math.clz32(lowest);
        bits ^= lowest;
      }
    }
    to.count = count;
  },
};

/** Position of the last entry (of `width` bytes, led by its key) that is at most `low`; or -1. */
function lastAtMost(
  bytes: Uint8Array,
  { at, length }: PortableContainer,
  width: number,
  low: number,
): number {
  let from = 0;
  let to = length;
  while (from < to) {
    const middle = (from + to) >>> 1;
    if (uint16At(bytes, at + middle * width) <= low) from = middle + 1;
    else to = middle;
  }
  return from - 1;
}

/** The container of a key. Most sets have as many containers as keys: guess first. */
function withKey(
  containers: readonly PortableContainer[],
  key: number,
): PortableContainer | undefined {
  if (containers[key]?.key === key) return containers[key];
  let from = 0;
  let to = containers.length;
  while (from < to) {
    const middle = (from + to) >>> 1;
    if (containers[middle]!.key < key) from = middle + 1;
    else to = middle;
  }
  return containers[from]?.key === key ? containers[from] : undefined;
}
