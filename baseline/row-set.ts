import { HarnessError } from "../src/errors.ts";

// The portable serialisation of roaring bitmaps, https://github.com/RoaringBitmap/RoaringFormatSpec
const COOKIE_WITH_RUNS = 12_347;
const COOKIE_NO_RUNS = 12_346;
/** With runs, the offsets of the containers are only written from this many containers on. */
const OFFSETS_FROM = 4;
/** A container with more rows is a bitmap of 2^16 bits, with fewer a sorted list. */
const LIST_MAX = 4096;
const BITMAP_BYTES = 8192;

interface Container {
  readonly kind: "list" | "bitmap" | "runs";
  /** Where its data start in the bytes. */
  readonly at: number;
  /** Rows in a list, runs in a run container. */
  readonly length: number;
  readonly cardinality: number;
}

/**
 * A set of rows as the filter service sends it, read in place: the index service needs only
 * membership and the rows in order, so it takes no bitmap library and copies nothing.
 */
export class RowSet {
  readonly cardinality: number;
  readonly #bytes: Uint8Array;
  readonly #keys: Uint16Array;
  readonly #containers: readonly Container[];

  /**
   * @param bytes Portable roaring serialisation; viewed, so it must stay as it is.
   * @throws HarnessError BAD_INPUT if the bytes are none.
   */
  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    const { keys, containers } = readHeader(bytes);
    this.#keys = keys;
    this.#containers = containers;
    this.cardinality = containers.reduce((sum, { cardinality }) => sum + cardinality, 0);
  }

  has(row: number): boolean {
    const container = this.#containers[indexOf(this.#keys, row >>> 16)];
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
    const start = uint16(bytes, at);
    return container.kind === "list" ? start === low : low - start <= uint16(bytes, at + 2);
  }

  /**
   * Writes the rows, ascending, to `out`, which has room for `cardinality` of them.
   * @returns how many were written.
   */
  writeRows(out: Uint32Array): number {
    let count = 0;
    for (const [c, container] of this.#containers.entries()) {
      const high = this.#keys[c]! * 65_536;
      if (container.kind === "list") count = writeList(this.#bytes, container, high, out, count);
      else if (container.kind === "runs")
        count = writeRuns(this.#bytes, container, high, out, count);
      else count = writeBitmap(this.#bytes, container.at, high, out, count);
    }
    return count;
  }
}

function readHeader(bytes: Uint8Array): { keys: Uint16Array; containers: Container[] } {
  const cookie = bytes.length < 4 ? 0 : uint32(bytes, 0);
  const hasRuns = (cookie & 0xffff) === COOKIE_WITH_RUNS;
  if (!hasRuns && cookie !== COOKIE_NO_RUNS) throw damaged("its cookie is unknown");
  const size = hasRuns ? (cookie >>> 16) + 1 : uint32(bytes, 4);
  const runFlags = 4;
  const header = hasRuns ? 4 + Math.ceil(size / 8) : 8;
  const hasOffsets = !hasRuns || size >= OFFSETS_FROM;
  let at = header + size * (hasOffsets ? 8 : 4);
  if (size > 65_536 || at > bytes.length) throw damaged("its header is cut short");
  const keys = new Uint16Array(size);
  const containers: Container[] = [];
  for (let c = 0; c < size; c++) {
    keys[c] = uint16(bytes, header + c * 4);
    const cardinality = uint16(bytes, header + c * 4 + 2) + 1;
    const isRun = hasRuns && ((bytes[runFlags + (c >>> 3)]! >>> (c & 7)) & 1) === 1;
    const container = locate(bytes, at, cardinality, isRun);
    containers.push(container);
    at = container.at + dataBytes(container);
  }
  if (at > bytes.length) throw damaged("its containers are cut short");
  return { keys, containers };
}

function locate(bytes: Uint8Array, at: number, cardinality: number, isRun: boolean): Container {
  if (isRun) return { kind: "runs", at: at + 2, length: uint16(bytes, at), cardinality };
  return { kind: cardinality > LIST_MAX ? "bitmap" : "list", at, length: cardinality, cardinality };
}

function dataBytes({ kind, length }: Container): number {
  if (kind === "bitmap") return BITMAP_BYTES;
  return length * (kind === "list" ? 2 : 4);
}

function writeList(
  bytes: Uint8Array,
  { at, length }: Container,
  high: number,
  out: Uint32Array,
  start: number,
): number {
  for (let i = 0; i < length; i++) out[start + i] = high + uint16(bytes, at + 2 * i);
  return start + length;
}

function writeRuns(
  bytes: Uint8Array,
  { at, length }: Container,
  high: number,
  out: Uint32Array,
  start: number,
): number {
  let count = start;
  for (let run = 0; run < length; run++) {
    const first = high + uint16(bytes, at + run * 4);
    const more = uint16(bytes, at + run * 4 + 2);
    for (let i = 0; i <= more; i++) out[count++] = first + i;
  }
  return count;
}

function writeBitmap(
  bytes: Uint8Array,
  at: number,
  high: number,
  out: Uint32Array,
  start: number,
): number {
  let count = start;
  for (let word = 0; word < BITMAP_BYTES / 4; word++) {
    let bits = uint32(bytes, at + word * 4) | 0;
    const base = high + word * 32;
    while (bits !== 0) {
      const lowest = bits & -bits;
      out[count++] = base + 31 - Math.clz32(lowest);
      bits ^= lowest;
    }
  }
  return count;
}

/** Position of the last entry (of `width` bytes, led by its key) whose key is at most `low`; or -1. */
function lastAtMost(
  bytes: Uint8Array,
  { at, length }: Container,
  width: number,
  low: number,
): number {
  let from = 0;
  let to = length;
  while (from < to) {
    const middle = (from + to) >>> 1;
    if (uint16(bytes, at + middle * width) <= low) from = middle + 1;
    else to = middle;
  }
  return from - 1;
}

/** Position of a key in ascending keys, or -1. Most sets have as many containers as keys: guess first. */
function indexOf(keys: Uint16Array, key: number): number {
  if (keys[key] === key) return key;
  let from = 0;
  let to = keys.length;
  while (from < to) {
    const middle = (from + to) >>> 1;
    if (keys[middle]! < key) from = middle + 1;
    else to = middle;
  }
  return keys[from] === key ? from : -1;
}

const uint16 = (bytes: Uint8Array, at: number): number => bytes[at]! | (bytes[at + 1]! << 8);

const uint32 = (bytes: Uint8Array, at: number): number =>
  (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0;

function damaged(why: string): HarnessError {
  return new HarnessError("BAD_INPUT", `the eligible rows are no roaring bitmap: ${why}`, {
    where: "eligible",
  });
}
