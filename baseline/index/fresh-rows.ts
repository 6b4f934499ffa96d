import type { Ranked } from "../../src/math/top-k.ts";
import { type Changes, VersionGate } from "../live/changes.ts";
import type { RowRange } from "../row-range.ts";
import type { RowSet } from "../row-set.ts";
import { Contest, Entrance } from "./contest.ts";
import { FreshVectors, type Products } from "./fresh-vectors.ts";

/** What one search found among the rows that the index was built of. */
export interface FreshSearch {
  /** One a head. */
  readonly found: readonly Ranked[];
  /** float32[heads * dim] */
  readonly vectors: Float32Array;
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
  /** Most bytes of vectors in one memory; for tests. */
  readonly segmentBytes?: number;
}

/** Slots whose rows changed again, above which the slots are made anew. */
const WASTE = 1024;

/**
 * What changed since an index was built: rows whose built vector must not be found any more, and
 * the vectors that rows have now, all of which are scored, for a whole batch at once. Belongs to one
 * thread.
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
  readonly #vectors: FreshVectors;
  #slots = 0;

  constructor(options: FreshRowsOptions) {
    this.#options = options;
    this.#vectors = new FreshVectors(options);
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

  /** Lets the rows that are here compete with those that each search of a batch found. */
  join(searches: readonly FreshSearch[]): (readonly Ranked[])[] {
    const { dim } = this.#options;
    const entrances = searches.map(({ eligible, excluded }) => new Entrance(eligible, excluded));
    const heads = searches.flatMap(({ found, vectors, k }, at) =>
      found.map((ranked, head) => ({
        query: vectors.subarray(head * dim, (head + 1) * dim),
        contest: new Contest(ranked, k),
        entrance: entrances[at]!,
      })),
    );
    const queries = heads.map(({ query }) => query);
    this.#vectors.multiply(queries, this.#slots, (products) => {
      const { contest, entrance } = heads[products.query]!;
      this.#compete(products, contest, entrance);
    });
    let next = 0;
    return searches.map(({ found }) => found.map(() => heads[next++]!.contest.take()));
  }

  #compete(
    { first, count, scores, at, step }: Products,
    contest: Contest,
    entrance: Entrance,
  ): void {
    let threshold = contest.threshold;
    for (let i = 0; i < count; i++) {
      const value = scores[at + i * step]!;
      // Few get past the threshold, so whether a row may be found is asked of few.
      if (value < threshold) continue;
      const row = this.#rows[first + i]!;
      if (row === NO_ROW || !entrance.admits(row)) continue;
      contest.push(value, row);
      threshold = contest.threshold;
    }
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
    let slot = this.#slotOf.get(row);
    if (slot === undefined) {
      slot = this.#slots++;
      if (slot >= this.#rows.length) this.#makeRoom(2 * slot + 256);
      this.#slotOf.set(row, slot);
      this.#rows[slot] = row;
    }
    this.#vectors.set(slot, vector);
  }

  #makeRoom(slots: number): void {
    const rows = new Uint32Array(slots);
    rows.set(this.#rows);
    this.#rows = rows;
  }

  #compact(): void {
    let kept = 0;
    for (let slot = 0; slot < this.#slots; slot++) {
      const row = this.#rows[slot]!;
      if (row === NO_ROW) continue;
      this.#rows[kept] = row;
      this.#vectors.move(slot, kept);
      this.#slotOf.set(row, kept++);
    }
    this.#slots = kept;
  }
}

const NO_ROW = 0xffffffff;
