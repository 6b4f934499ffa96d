import { TopK, type Ranked } from "../../src/math/top-k.ts";
import { type Changes, VersionGate } from "../live/changes.ts";
import type { RowRange } from "../row-range.ts";
import type { RowSet } from "../row-set.ts";

export interface FreshSearch {
  /** float32[dim] */
  readonly query: Float32Array;
  readonly k: number;
  /** In the catalogue's rows; null: every row passes. */
  readonly eligible: RowSet | null;
  /** In the catalogue's rows. */
  readonly excluded: Uint32Array;
}

export interface FreshRowsOptions {
  readonly dim: number;
  /** The rows that the index was built of. */
  readonly built: RowRange;
  /** Whether a row that no shard was built of is this shard's. */
  readonly isOwn: (row: number) => boolean;
}

/** Slots whose rows changed again, above which the slots are made anew. */
const WASTE = 1024;

/**
 * What changed since an index was built: rows whose built vector must not be found any more, and
 * the vectors that rows have now, scored one by one. Belongs to one thread.
 */
export class FreshRows {
  readonly #options: FreshRowsOptions;
  readonly #gate = new VersionGate();
  /** [built rows] 1: changed or deleted; made at the first such. */
  #hidden = new Uint8Array(0);
  #hiddenCount = 0;
  /** Row -> its slot. */
  readonly #slotOf = new Map<number, number>();
  /** [slots] the row of each; NO_ROW where it has none any more. */
  #rows = new Uint32Array(0);
  /** float32 [slots, dim] */
  #vectors = new Float32Array(0);
  #slots = 0;

  constructor(options: FreshRowsOptions) {
    this.#options = options;
  }

  get version(): number {
    return this.#gate.version;
  }

  /** Rows that have a vector of their own here. */
  get count(): number {
    return this.#slotOf.size;
  }

  /** Built rows that must not be found. */
  get hiddenCount(): number {
    return this.#hiddenCount;
  }

  /** @param row Counted from the first built. */
  hides(row: number): boolean {
    return this.#hiddenCount > 0 && this.#hidden[row] === 1;
  }

  /** @returns the version held now: below `since` where nothing was applied. */
  apply(changes: Changes): number {
    if (!this.#gate.admits(changes)) return this.version;
    const { built, isOwn } = this.#options;
    for (const { row, item } of changes.items) {
      const isBuilt = row >= built.from && row < built.to;
      if (!isBuilt && !isOwn(row)) continue;
      if (isBuilt) this.#hide(row - built.from);
      if (item === null) this.#remove(row);
      else this.#put(row, item.embedding);
    }
    if (this.#slots > 2 * this.count + WASTE) this.#compact();
    this.#gate.pass(changes);
    return this.version;
  }

  /** Lets the rows that are here compete with those that were found in the index. */
  join(found: Ranked, { query, k, eligible, excluded }: FreshSearch): Ranked {
    if (this.count === 0) return found;
    const top = new TopK(k);
    for (let i = 0; i < found.rows.length; i++) top.push(found.values[i]!, found.rows[i]!);
    const { dim } = this.#options;
    for (let slot = 0; slot < this.#slots; slot++) {
      const row = this.#rows[slot]!;
      if (row === NO_ROW || (eligible !== null && !eligible.has(row))) continue;
      const value = dot(query, this.#vectors, slot * dim);
      if (value < top.threshold || excluded.includes(row)) continue;
      top.push(value, row);
    }
    return top.take();
  }

  #hide(row: number): void {
    const { built } = this.#options;
    if (this.#hidden.length === 0) this.#hidden = new Uint8Array(built.to - built.from);
    if (this.#hidden[row] === 0) this.#hiddenCount++;
    this.#hidden[row] = 1;
  }

  #remove(row: number): void {
    const slot = this.#slotOf.get(row);
    if (slot === undefined) return;
    this.#rows[slot] = NO_ROW;
    this.#slotOf.delete(row);
  }

  #put(row: number, vector: Float32Array): void {
    const { dim } = this.#options;
    let slot = this.#slotOf.get(row);
    if (slot === undefined) {
      slot = this.#slots++;
      if (slot >= this.#rows.length) this.#makeRoom(2 * slot + 256);
      this.#slotOf.set(row, slot);
      this.#rows[slot] = row;
    }
    this.#vectors.set(vector, slot * dim);
  }

  #makeRoom(slots: number): void {
    const { dim } = this.#options;
    const rows = new Uint32Array(slots);
    rows.set(this.#rows);
    const vectors = new Float32Array(slots * dim);
    vectors.set(this.#vectors);
    this.#rows = rows;
    this.#vectors = vectors;
  }

  #compact(): void {
    const { dim } = this.#options;
    let kept = 0;
    for (let slot = 0; slot < this.#slots; slot++) {
      const row = this.#rows[slot]!;
      if (row === NO_ROW) continue;
      this.#rows[kept] = row;
      this.#vectors.copyWithin(kept * dim, slot * dim, (slot + 1) * dim);
      this.#slotOf.set(row, kept++);
    }
    this.#slots = kept;
  }
}

const NO_ROW = 0xffffffff;

function dot(query: Float32Array, vectors: Float32Array, at: number): number {
  // Four sums, so that an addition need not wait for the one before it.
  let [a, b, c, d] = [0, 0, 0, 0];
  let i = 0;
  for (; i + 3 < query.length; i += 4) {
    a += query[i]! * vectors[at + i]!;
    b += query[i + 1]! * vectors[at + i + 1]!;
    c += query[i + 2]! * vectors[at + i + 2]!;
    d += query[i + 3]! * vectors[at + i + 3]!;
  }
  for (; i < query.length; i++) a += query[i]! * vectors[at + i]!;
  return Math.fround(a + b + (c + d));
}
