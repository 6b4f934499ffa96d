import { HarnessError } from "../errors.ts";

/**
 * Ids to rows and back. Consecutive ids (`first`, `first + 1`, ...) need no memory at all; others
 * are found through an open-addressing hash table of 8 to 16 bytes an id, in one or two probes.
 */
export class IdMap {
  /** Id of each row; null: they are consecutive. */
  readonly #ids: Float64Array | null;
  readonly #first: number;
  readonly count: number;
  /** Rows + 1, 0 for free; none where the ids are consecutive. Its length is a power of two. */
  readonly #slots: Uint32Array;

  /**
   * @param ids the id of each row, integers 0 .. 2^53 - 1, each once, kept and not copied; or the
   *   first of consecutive ones, and how many they are.
   * @throws HarnessError DATA on an id that is no such integer or stands twice.
   */
  constructor(ids: Float64Array | { readonly first: number; readonly count: number }) {
    const consecutive = !(ids instanceof Float64Array) || isConsecutive(ids);
    this.#ids = consecutive ? null : ids;
    this.#first = ids instanceof Float64Array ? (ids[0] ?? 0) : ids.first;
    this.count = ids instanceof Float64Array ? ids.length : ids.count;
    this.#slots = this.#ids === null ? new Uint32Array(0) : slotsOf(this.#ids);
  }

  /** The row of an id; -1 where there is none. */
  rowOf(id: number): number {
    const ids = this.#ids;
    if (ids === null) {
      const row = id - this.#first;
      return row >= 0 && row < this.count && Number.isInteger(row) ? row : -1;
    }
    const slots = this.#slots;
    const mask = slots.length - 1;
    for (let slot = hash(id) & mask; slots[slot] !== 0; slot = (slot + 1) & mask) {
      const row = slots[slot]! - 1;
      if (ids[row] === id) return row;
    }
    return -1;
  }

  /** The id of a row. */
  idOf(row: number): number {
    return this.#ids === null ? this.#first + row : this.#ids[row]!;
  }

  /** The id of each row. */
  idsOf(rows: Uint32Array): Float64Array {
    const found = new Float64Array(rows.length);
    for (let at = 0; at < rows.length; at++) found[at] = this.idOf(rows[at]!);
    return found;
  }
}

function isConsecutive(ids: Float64Array): boolean {
  const first = ids[0] ?? 0;
  for (let row = 0; row < ids.length; row++) {
    if (ids[row] !== first + row) return false;
  }
  return isId(first) && isId(first + Math.max(0, ids.length - 1));
}

function slotsOf(ids: Float64Array): Uint32Array {
  // At most half full, so that a search ends soon.
  const slots = new Uint32Array(2 ** Math.ceil(Math.log2(2 * ids.length)));
  const mask = slots.length - 1;
  for (let row = 0; row < ids.length; row++) {
    const id = ids[row]!;
    if (!isId(id)) {
      throw new HarnessError(
        "DATA",
        `row ${row} has the id ${id}; ids are integers from 0 to 2^53 - 1`,
      );
    }
    let slot = hash(id) & mask;
    while (slots[slot] !== 0) {
      const earlier = slots[slot]! - 1;
      if (ids[earlier] === id) {
        throw new HarnessError("DATA", `rows ${earlier} and ${row} have the same id ${id}`);
      }
      slot = (slot + 1) & mask;
    }
    slots[slot] = row + 1;
  }
  return slots;
}

const isId = (id: number): boolean => Number.isSafeInteger(id) && id >= 0;

/** Mixes both halves of a 53-bit integer; `^` and imul take the low 32 bits of what they are given. */
function hash(id: number): number {
  let mixed = id ^ Math.imul(id / 4294967296, 0x9e3779b1);
  // The finaliser of MurmurHash3.
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}
