import { TopK } from "../math/top-k.ts";
import type { Catalogue } from "./catalogue.ts";
import type { BoundFilter } from "./filter/bind.ts";
import { FilterScan, matches } from "./filter/evaluate.ts";

/** What the oracle reads of a catalogue. */
export type ScanCatalogue = Pick<Catalogue, "count" | "dim" | "embeddings" | "columns">;

/** Requests that are answered in one pass over the items. Plain data: it travels to a worker. */
export interface ScanTask {
  readonly filters: readonly BoundFilter[];
  /** Those with the same filter stand together. */
  readonly requests: readonly ScanRequest[];
}

export interface ScanRequest {
  /** Position in the task's `filters`. */
  readonly filter: number;
  readonly k: number;
  /** float64 [heads, dim] */
  readonly queries: Float64Array;
  /** Rows that must not be returned, ascending, each once. */
  readonly excluded: Uint32Array;
}

export interface ScanOutcome {
  /** Best first. */
  readonly rows: Uint32Array;
  readonly values: Float64Array;
  /** Items that pass the filter. */
  readonly passing: number;
  /** Items that pass the filter and are not excluded. */
  readonly eligible: number;
}

/** Numbers in a tile: 256 KiB as float64, so that it stays in a core's own cache. */
const TILE_VALUES = 32_768;

/**
 * Answers the requests of a task exactly, in float64. The items pass by in tiles, and every
 * request looks at a tile while it is in cache. Each inner product is summed in the order of the
 * dimensions and the ranking is total, so an answer does not depend on the tiles, on the other
 * requests of the task or on the thread that computes it.
 */
export function scanItems(catalogue: ScanCatalogue, task: ScanTask): ScanOutcome[] {
  const tile = new Tile(catalogue);
  const tops = task.requests.map(({ k }) => new TopK(k));
  const scans = task.filters.map((filter) => new FilterScan(filter, catalogue));
  const passing = task.filters.map(() => 0);

  for (let from = 0; from < catalogue.count; from += tile.capacity) {
    tile.load(from);
    let listed = -1;
    for (const [index, request] of task.requests.entries()) {
      if (request.filter !== listed) {
        listed = request.filter;
        passing[listed]! += tile.list(scans[listed]!);
      }
      tile.offer(request, tops[index]!);
    }
  }
  return task.requests.map(({ filter, excluded }, index) => ({
    ...tops[index]!.take(),
    passing: passing[filter]!,
    eligible: passing[filter]! - countPassing(task.filters[filter]!, catalogue, excluded),
  }));
}

/** A stretch of items as float64, those of them that pass a filter, and their scores. */
class Tile {
  /** Rows it holds. */
  readonly capacity: number;
  readonly #catalogue: ScanCatalogue;
  readonly #items: Float64Array;
  #from = 0;
  #to = 0;
  /** The first `#listed` are the rows that pass the filter at hand. */
  readonly #rows: Uint32Array;
  /** Where each listed row starts in `#items`, filled up with zeros to a whole stride. */
  readonly #offsets: Int32Array;
  #listed = 0;
  readonly #best: Float64Array;
  readonly #next: Float64Array;

  constructor(catalogue: ScanCatalogue) {
    this.capacity = STRIDE * Math.max(1, Math.floor(TILE_VALUES / catalogue.dim / STRIDE));
    this.#catalogue = catalogue;
    this.#items = new Float64Array(this.capacity * catalogue.dim);
    this.#rows = new Uint32Array(this.capacity);
    this.#offsets = new Int32Array(this.capacity);
    this.#best = new Float64Array(this.capacity);
    this.#next = new Float64Array(this.capacity);
  }

  load(from: number): void {
    const { count, dim, embeddings } = this.#catalogue;
    this.#from = from;
    this.#to = Math.min(from + this.capacity, count);
    this.#items.set(embeddings.subarray(from * dim, this.#to * dim));
  }

  /** Finds the rows that pass a filter; returns how many do. */
  list(scan: FilterScan): number {
    const { dim } = this.#catalogue;
    this.#listed = scan.rows(this.#from, this.#to, this.#rows);
    for (let at = 0; at < this.#listed; at++) {
      this.#offsets[at] = (this.#rows[at]! - this.#from) * dim;
    }
    this.#offsets.fill(0, this.#listed, wholeStrides(this.#listed));
    return this.#listed;
  }

  /** Lets the listed rows compete for a request's k best places. */
  offer(request: ScanRequest, top: TopK): void {
    this.#score(request.queries);
    let threshold = top.threshold;
    for (let at = 0; at < this.#listed; at++) {
      const value = this.#best[at]!;
      // Few values get past this line, so the search through the exclusions may take its time.
      if (!(value >= threshold) || contains(request.excluded, this.#rows[at]!)) continue;
      top.push(value, this.#rows[at]!);
      threshold = top.threshold;
    }
  }

  /**
   * The value of each listed row: its largest inner product over the heads.
   *
   * The model keeps, per head, only the K0 >= k best items; scoring all of them for all heads
   * ranks the same k first. Were one of the k best missing from the K0 of its best head, K0 >= k
   * items would precede it there, and so precede it in the ranking.
   */
  #score(queries: Float64Array): void {
    const { dim } = this.#catalogue;
    const offsets = this.#offsets.subarray(0, wholeStrides(this.#listed));
    multiply(this.#items, offsets, queries.subarray(0, dim), this.#best);
    for (let head = dim; head < queries.length; head += dim) {
      multiply(this.#items, offsets, queries.subarray(head, head + dim), this.#next);
      for (let at = 0; at < this.#listed; at++) {
        if (this.#next[at]! > this.#best[at]!) this.#best[at] = this.#next[at]!;
      }
    }
  }
}

/** Rows multiplied side by side: eight sums that do not wait for one another. */
const STRIDE = 8;

const wholeStrides = (count: number): number => Math.ceil(count / STRIDE) * STRIDE;

/** Inner products of a query with the rows that start at `offsets`, whole strides of them. */
function multiply(
  items: Float64Array,
  offsets: Int32Array,
  query: Float64Array,
  out: Float64Array,
): void {
  for (let at = 0; at < offsets.length; at += STRIDE) {
    const a = offsets[at]!;
    const b = offsets[at + 1]!;
    const c = offsets[at + 2]!;
    const d = offsets[at + 3]!;
    const e = offsets[at + 4]!;
    const f = offsets[at + 5]!;
    const g = offsets[at + 6]!;
    const h = offsets[at + 7]!;
    let sumA = 0;
    let sumB = 0;
    let sumC = 0;
    let sumD = 0;
    let sumE = 0;
    let sumF = 0;
    let sumG = 0;
    let sumH = 0;
    for (let j = 0; j < query.length; j++) {
      const q = query[j]!;
      sumA += q * items[a + j]!;
      sumB += q * items[b + j]!;
      sumC += q * items[c + j]!;
      sumD += q * items[d + j]!;
      sumE += q * items[e + j]!;
      sumF += q * items[f + j]!;
      sumG += q * items[g + j]!;
      sumH += q * items[h + j]!;
    }
    out[at] = sumA;
    out[at + 1] = sumB;
    out[at + 2] = sumC;
    out[at + 3] = sumD;
    out[at + 4] = sumE;
    out[at + 5] = sumF;
    out[at + 6] = sumG;
    out[at + 7] = sumH;
  }
}

/** Binary search in ascending rows. */
function contains(rows: Uint32Array, row: number): boolean {
  let low = 0;
  let high = rows.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (rows[middle]! < row) low = middle + 1;
    else high = middle;
  }
  return rows[low] === row;
}

function countPassing(filter: BoundFilter, catalogue: ScanCatalogue, rows: Uint32Array): number {
  let count = 0;
  for (const row of rows) {
    if (matches(filter, catalogue, row)) count++;
  }
  return count;
}
