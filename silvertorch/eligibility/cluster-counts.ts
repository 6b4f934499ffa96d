import { bitsIn } from "../../src/math/bits-in.ts";
import { ALL_ITEMS_ROW, type AttributeIndex } from "./attribute-index.ts";
import { valueRows } from "./predicate.ts";

/** The bitmaps of an index whose items lie in clusters: each one's words after the other's. */
export interface BitmapRows {
  /** Words of 32 bits of a bitmap. */
  readonly words: number;
  /** Fills `into`, uint32 [words], with a row of the table. */
  read(row: number, into: Uint32Array): void;
}

export interface CountedBy {
  readonly rows: BitmapRows;
  readonly index: AttributeIndex;
  readonly clusters: number;
  /** How many items hold each value of each column: see compile/value-counts.ts. */
  readonly held: readonly Uint32Array[];
}

/** Bytes that counts may take, of the values that were asked for last. */
const MOST_BYTES = 2 ** 24;

/** The least share of a cluster that is not certainly none. */
const HARDLY = 2 ** -20;

/** How many items of each cluster hold a value: counted in the bitmaps when it is first asked for. */
export class ClusterCounts {
  /** float32 [clusters]: items of each. */
  readonly sizes: Float32Array;
  readonly #by: CountedBy;
  readonly #items: number;
  /** By column and code, in order of use, the latest last. */
  readonly #kept = new Map<string, Float32Array>();
  readonly #most: number;
  readonly #row: Uint32Array;

  constructor(by: CountedBy) {
    this.#by = by;
    this.#most = Math.max(1, Math.floor(MOST_BYTES / (4 * by.clusters)));
    this.#row = new Uint32Array(by.rows.words);
    this.sizes = this.#perCluster([[ALL_ITEMS_ROW]]);
    this.#items = sum(this.sizes);
  }

  /**
   * float32 [clusters]: exact, or what signatures tell. 0 is none for certain, and the cluster's size
   * all for certain.
   */
  of(column: number, code: number): Float32Array {
    const key = `${column} ${code}`;
    const counts = this.#kept.get(key) ?? this.#count(column, code);
    this.#kept.delete(key);
    this.#kept.set(key, counts);
    if (this.#kept.size > this.#most) {
      const [oldest] = this.#kept.keys();
      this.#kept.delete(oldest!);
    }
    return counts;
  }

  #count(column: number, code: number): Float32Array {
    const { index, held } = this.#by;
    const entry = index.columns[column]!;
    const seen = this.#perCluster(valueRows(entry, code));
    return entry.kind === "signed" ? this.#withoutFalse(seen, held[column]![code]!) : seen;
  }

  /** Items of each cluster that are in all rows of one of these. */
  #perCluster(alternatives: readonly (readonly number[])[]): Float32Array {
    const { clusters, rows } = this.#by;
    const found = this.#inAll(alternatives[0]!);
    for (const other of alternatives.slice(1)) {
      const more = this.#inAll(other);
      for (let at = 0; at < found.length; at++) found[at]! |= more[at]!;
    }
    const words = rows.words / clusters;
    const counts = new Float32Array(clusters);
    for (let cluster = 0, at = 0; cluster < clusters; cluster++) {
      let count = 0;
      for (const end = at + words; at < end; at++) count += bitsIn(found[at]!);
      counts[cluster] = count;
    }
    return counts;
  }

  #inAll([first, ...others]: readonly number[]): Uint32Array {
    const { rows } = this.#by;
    const found = new Uint32Array(rows.words);
    rows.read(first!, found);
    for (const row of others) {
      rows.read(row, this.#row);
      for (let at = 0; at < found.length; at++) found[at]! &= this.#row[at]!;
    }
    return found;
  }

  /**
   * Of what a signature lets through as much is false in every cluster as in the catalogue, of which
   * it is known how many items hold the value.
   */
  #withoutFalse(seen: Float32Array, held: number): Float32Array {
    const lets = sum(seen);
    if (lets === held) return seen;
    const others = this.#items - held;
    const rate = (lets - held) / others;
    return seen.map((count, cluster) => {
      if (count === 0) return 0;
      const size = this.sizes[cluster]!;
      const own = rate < 1 ? (count - rate * size) / (1 - rate) : (size * held) / this.#items;
      return Math.min(Math.max(own, size * HARDLY), size * (1 - HARDLY));
    });
  }
}

const sum = (counts: Float32Array): number => counts.reduce((total, count) => total + count, 0);
