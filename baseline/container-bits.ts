import { BITMAP_BYTES, type PortableContainer, uint16At } from "./portable-roaring.ts";
import type { RowRange } from "./row-range.ts";

/** Numbers from 0 to 255 either way; a device may take nothing smaller than 32 bits. */
export type BitsArray = Uint8Array | Int32Array;

/** What they are called in a graph. */
export type BitsType = "uint8" | "int32";

/**
 * Sets a bit, lowest first, for each row of a container that is in the range, counted from its
 * first; what is set already stays.
 */
export function setBits(
  bytes: Uint8Array,
  container: PortableContainer,
  { from, to }: RowRange,
  bits: BitsArray,
): void {
  const base = container.key * 65_536 - from;
  SETTERS[container.kind](bytes, container, { base, end: to - from }, bits);
}

/** Where a container's rows come to lie. */
interface Place {
  /** Its row 0, counted from the range's first: negative where it begins before that. */
  readonly base: number;
  /** Rows of the range. */
  readonly end: number;
}

type Setter = (
  bytes: Uint8Array,
  container: PortableContainer,
  place: Place,
  bits: BitsArray,
) => void;

/** One a kind of container. */
const SETTERS: Readonly<Record<PortableContainer["kind"], Setter>> = {
  list: (bytes, { at, length }, { base, end }, bits) => {
    for (let i = at; i < at + 2 * length; i += 2) {
      const row = base + uint16At(bytes, i);
      if (row >= 0 && row < end) bits[row >>> 3]! |= 1 << (row & 7);
    }
  },
  runs: (bytes, { at, length }, { base, end }, bits) => {
    for (let i = at; i < at + 4 * length; i += 4) {
      const first = base + uint16At(bytes, i);
      setRun(bits, Math.max(0, first), Math.min(end, first + uint16At(bytes, i + 2) + 1));
    }
  },
  bitmap: (bytes, { at }, { base, end }, bits) => {
    if (base >= 0 && base % 8 === 0 && base + 65_536 <= end) {
      bits.set(bytes.subarray(at, at + BITMAP_BYTES), base / 8);
      return;
    }
    for (let i = 0; i < BITMAP_BYTES; i++) {
      const byte = bytes[at + i]!;
      const row = base + 8 * i;
      if (byte === 0 || row <= -8 || row >= end) continue;
      // Of those at either end only the rows of the range.
      const inside = byte & (255 << Math.max(0, -row)) & (255 >> Math.max(0, row + 8 - end));
      const [place, low] = [row >> 3, row & 7];
      if (place >= 0) bits[place]! |= (inside << low) & 255;
      const high = inside >> (8 - low);
      if (high !== 0) bits[place + 1]! |= high;
    }
  },
};

/** Sets the bits of the rows from .. to. */
function setRun(bits: BitsArray, from: number, to: number): void {
  if (from >= to) return;
  const first = from >>> 3;
  const last = (to - 1) >>> 3;
  const head = (255 << (from & 7)) & 255;
  const tail = 255 >> (7 - ((to - 1) & 7));
  if (first === last) {
    bits[first]! |= head & tail;
    return;
  }
  bits[first]! |= head;
  bits.fill(255, first + 1, last);
  bits[last]! |= tail;
}
