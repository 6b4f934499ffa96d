import { HarnessError } from "../src/errors.ts";

// The portable serialisation of roaring bitmaps, https://github.com/RoaringBitmap/RoaringFormatSpec:
// rows are grouped by their upper 16 bits, and each group's lower 16 bits stand in the form that
// takes least room. Read and written in place, without a library: the services exchange it, and
// neither a walk's membership tests nor a scan's rows should cost a copy to another heap.

const COOKIE_WITH_RUNS = 12_347;
const COOKIE_NO_RUNS = 12_346;
/** With runs, the offsets of the containers are only written from this many containers on. */
const OFFSETS_FROM = 4;

/** A container with more rows is a bitmap of 2^16 bits, with fewer a sorted list. */
export const LIST_MAX = 4096;
export const BITMAP_BYTES = 8192;

/** Where the rows of one group stand in the bytes. */
export interface PortableContainer {
  /** The upper 16 bits. */
  readonly key: number;
  /** `list`: ascending uint16; `bitmap`: 8,192 bytes; `runs`: pairs of start and length - 1. */
  readonly kind: "list" | "bitmap" | "runs";
  readonly at: number;
  /** Entries of a list or of runs. */
  readonly length: number;
  readonly cardinality: number;
}

/**
 * The containers of a serialised bitmap, by key ascending.
 * @throws HarnessError BAD_INPUT if the bytes are no such bitmap.
 */
export function readContainers(bytes: Uint8Array): PortableContainer[] {
  const cookie = bytes.length < 8 ? 0 : uint32At(bytes, 0);
  const hasRuns = (cookie & 0xffff) === COOKIE_WITH_RUNS;
  if (!hasRuns && cookie !== COOKIE_NO_RUNS) throw damaged("its cookie is unknown");
  const size = hasRuns ? (cookie >>> 16) + 1 : uint32At(bytes, 4);
  const runFlags = 4;
  const header = hasRuns ? runFlags + Math.ceil(size / 8) : 8;
  const hasOffsets = !hasRuns || size >= OFFSETS_FROM;
  let at = header + size * (hasOffsets ? 8 : 4);
  if (size > 65_536 || at > bytes.length) throw damaged("its header is cut short");
  const containers: PortableContainer[] = [];
  for (let c = 0; c < size; c++) {
    const key = uint16At(bytes, header + c * 4);
    const cardinality = uint16At(bytes, header + c * 4 + 2) + 1;
    const isRuns = hasRuns && ((bytes[runFlags + (c >>> 3)]! >>> (c & 7)) & 1) === 1;
    const container = locate(bytes, { key, cardinality, at, isRuns });
    containers.push(container);
    at = container.at + dataBytes(container);
  }
  if (at > bytes.length) throw damaged("its containers are cut short");
  return containers;
}

function locate(
  bytes: Uint8Array,
  found: { key: number; cardinality: number; at: number; isRuns: boolean },
): PortableContainer {
  const { key, cardinality, at, isRuns } = found;
  if (isRuns) return { key, kind: "runs", at: at + 2, length: uint16At(bytes, at), cardinality };
  const kind = cardinality > LIST_MAX ? "bitmap" : "list";
  return { key, kind, at, length: cardinality, cardinality };
}

function dataBytes({ kind, length }: PortableContainer): number {
  if (kind === "bitmap") return BITMAP_BYTES;
  return length * (kind === "list" ? 2 : 4);
}

/** One group to be written: a sorted list of at most LIST_MAX, or the words of a bitmap. */
export interface ContainerData {
  readonly key: number;
  readonly cardinality: number;
  readonly data: Uint16Array | Int32Array;
}

/** Serialises groups of rows, by key ascending, none of them empty. */
export function writeContainers(containers: readonly ContainerData[]): Uint8Array {
  const header = 8 + containers.length * 8;
  const bytes = new Uint8Array(containers.reduce((sum, { data }) => sum + data.byteLength, header));
  const view = new DataView(bytes.buffer);
  view.setUint32(0, COOKIE_NO_RUNS, true);
  view.setUint32(4, containers.length, true);
  let at = header;
  for (const [c, { key, cardinality, data }] of containers.entries()) {
    view.setUint16(8 + c * 4, key, true);
    view.setUint16(8 + c * 4 + 2, cardinality - 1, true);
    view.setUint32(8 + containers.length * 4 + c * 4, at, true);
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at);
    at += data.byteLength;
  }
  return bytes;
}

export const uint16At = (bytes: Uint8Array, at: number): number =>
  bytes[at]! | (bytes[at + 1]! << 8);

export const uint32At = (bytes: Uint8Array, at: number): number =>
  (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0;

function damaged(why: string): HarnessError {
  return new HarnessError("BAD_INPUT", `the eligible rows are no roaring bitmap: ${why}`, {
    where: "eligible",
  });
}
