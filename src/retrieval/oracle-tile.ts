import type { TopK } from "../math/top-k.ts";
import type { Catalogue } from "./catalogue.ts";
import type { FilterScan } from "./filter/evaluate.ts";
import { itemVectors, type ItemVectors } from "./item-vectors.ts";

type Items = Pick<Catalogue, "count" | "dim" | "embeddings" | "generated">;

/** What a request competes with: its query vectors, and the rows that may not enter. */
interface Contest {
  /** float64 [heads, dim] */
  readonly queries: Float64Array;
  /** Ascending. */
  readonly excluded: Uint32Array;
}

/** Numbers in a tile: 256 KiB as float64, so that it stays in a core's own cache. */
const TILE_VALUES = 32_768;

/** A stretch of items as float64, those of them that pass a filter, and their scores. */
export class OracleTile {
  /** Rows it holds. */
  readonly capacity: number;
  readonly #catalogue: Items;
  readonly #vectors: ItemVectors;
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
  /** Products of several heads. */
  readonly #several: readonly Float64Array[];

  constructor(catalogue: Items) {
    this.capacity = STRIDE * Math.max(1, Math.floor(TILE_VALUES / catalogue.dim / STRIDE));
    this.#catalogue = catalogue;
    this.#vectors = itemVectors(catalogue);
    this.#items = new Float64Array(this.capacity * catalogue.dim);
    this.#rows = new Uint32Array(this.capacity);
    this.#offsets = new Int32Array(this.capacity);
    this.#best = new Float64Array(this.capacity);
    this.#next = new Float64Array(this.capacity);
    this.#several = Array.from({ length: TOGETHER }, () => new Float64Array(this.capacity));
  }

  /** @param end no row from this one on; absent: all that there are. */
  load(from: number, end = this.#catalogue.count): void {
    this.#from = from;
    this.#to = Math.min(from + this.capacity, end);
    this.#vectors.fill(from, this.#to, this.#items);
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

  /** Lets the listed rows compete for a request's k best places by their largest inner product. */
  offerScores(request: Contest, top: TopK): void {
    this.#score(request.queries);
    this.#offer(this.#best, request.excluded, top);
  }

  /** Lets the listed rows compete for the places of each head by their inner product with it. */
  offerProducts({ queries, excluded }: Contest, tops: readonly TopK[]): void {
    const { dim } = this.#catalogue;
    const offsets = this.#offsets.subarray(0, wholeStrides(this.#listed));
    let head = 0;
    for (; head + TOGETHER <= tops.length; head += TOGETHER) {
      const several = queries.subarray(head * dim, (head + TOGETHER) * dim);
      multiplySeveral(this.#items, offsets, several, this.#several);
      for (let nth = 0; nth < TOGETHER; nth++) {
        this.#offer(this.#several[nth]!, excluded, tops[head + nth]!);
      }
    }
    for (; head < tops.length; head++) {
      const query = queries.subarray(head * dim, (head + 1) * dim);
      multiply(this.#items, offsets, query, this.#next);
      this.#offer(this.#next, excluded, tops[head]!);
    }
  }

  #offer(values: Float64Array, excluded: Uint32Array, top: TopK): void {
    let threshold = top.threshold;
    for (let at = 0; at < this.#listed; at++) {
      const value = values[at]!;
      // Few values get past this line, so the search through the exclusions may take its time.
      if (!(value >= threshold) || contains(excluded, this.#rows[at]!)) continue;
      top.push(value, this.#rows[at]!);
      threshold = top.threshold;
    }
  }

  /**
   * The score of each listed row: its largest inner product over the heads.
   *
   * The model keeps, per head, only the K0 >= k best items; where the score is the value, scoring
   * all of them for all heads ranks the same k first. Were one of the k best missing from the K0 of its best head, K0 >= k
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

/** Queries multiplied side by side, with four rows each: a number that is read serves several sums. */
const TOGETHER = 3;

/**
 * The same of several queries at once, each sum in the same order.
 * @param queries [TOGETHER, dim]
 * @param out a list a query.
 */
function multiplySeveral(
  items: Float64Array,
  offsets: Int32Array,
  queries: Float64Array,
  [outP, outQ, outR]: readonly Float64Array[],
): void {
  const dim = queries.length / TOGETHER;
  for (let at = 0; at < offsets.length; at += 4) {
    const a = offsets[at]!;
    const b = offsets[at + 1]!;
    const c = offsets[at + 2]!;
    const d = offsets[at + 3]!;
    let sumAP = 0;
    let sumAQ = 0;
    let sumAR = 0;
    let sumBP = 0;
    let sumBQ = 0;
    let sumBR = 0;
    let sumCP = 0;
    let sumCQ = 0;
    let sumCR = 0;
    let sumDP = 0;
    let sumDQ = 0;
    let sumDR = 0;
    for (let j = 0; j < dim; j++) {
      const p = queries[j]!;
      const q = queries[dim + j]!;
      const r = queries[2 * dim + j]!;
      const ofA = items[a + j]!;
      sumAP += p * ofA;
      sumAQ += q * ofA;
      sumAR += r * ofA;
      const ofB = items[b + j]!;
      sumBP += p * ofB;
      sumBQ += q * ofB;
      sumBR += r * ofB;
      const ofC = items[c + j]!;
      sumCP += p * ofC;
      sumCQ += q * ofC;
      sumCR += r * ofC;
      const ofD = items[d + j]!;
      sumDP += p * ofD;
      sumDQ += q * ofD;
      sumDR += r * ofD;
    }
    outP![at] = sumAP;
    outQ![at] = sumAQ;
    outR![at] = sumAR;
    outP![at + 1] = sumBP;
    outQ![at + 1] = sumBQ;
    outR![at + 1] = sumBR;
    outP![at + 2] = sumCP;
    outQ![at + 2] = sumCQ;
    outR![at + 2] = sumCR;
    outP![at + 3] = sumDP;
    outQ![at + 3] = sumDQ;
    outR![at + 3] = sumDR;
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
