import { type Ranked, TopK } from "../../src/math/top-k.ts";
import type { RowSet } from "../row-set.ts";
import { ExactScan, type IsExcluded } from "./exact-scan.ts";
import type { InvertedLists } from "./inverted-lists.ts";
import { createVectorTable, RowScorer } from "./vector-table.ts";

export interface ProbeQuery {
  /** float32[dim] */
  readonly query: Float32Array;
  readonly k: number;
  /** null: every row passes. */
  readonly eligible: RowSet | null;
  readonly isExcluded: IsExcluded;
  /** Clusters looked into; more where they leave fewer than k. */
  readonly probes: number;
  /** Rows of these that pass, below which nothing is found: those that pass lie elsewhere. */
  readonly least: number;
}

/**
 * Candidates that a coarse scan keeps for each row wanted, and beside them: int8 displaces a row by
 * a few places among its like, so the best in full are among these.
 */
const COARSE_SHARE = 1.5;
const COARSE_MORE = 32;

/** Scores the rows of the clusters nearest to a query. Belongs to one thread. */
export class ClusterProbe {
  readonly clusters: number;
  readonly #lists: InvertedLists;
  readonly #scan: ExactScan;
  readonly #coarse: ExactScan | null;
  readonly #centroids: ExactScan;
  readonly #passing: Uint32Array;

  /** @param coarse Scans all rows of a cluster, and `scan` only the best of them; null: `scan` does. */
  constructor(lists: InvertedLists, scan: ExactScan, coarse: ExactScan | null = null) {
    const { starts, centroids } = lists;
    const clusters = starts.length - 1;
    const largest = starts.reduce(
      (most, start, c) => Math.max(most, start - (starts[c - 1] ?? 0)),
      0,
    );
    this.#lists = lists;
    this.#scan = scan;
    this.#coarse = coarse;
    this.#passing = new Uint32Array(largest);
    this.clusters = clusters;
    const table = createVectorTable({
      embeddings: centroids,
      dim: centroids.length / clusters,
      scorers: 1,
    });
    this.#centroids = new ExactScan(new RowScorer(table, 0));
  }

  /**
   * The k best rows of the clusters; of all clusters, where k rows are not found before.
   * @returns null where fewer pass than the least.
   */
  best(asked: ProbeQuery): Ranked | null {
    const { query, k } = asked;
    if (this.#coarse === null) return this.#probe(this.#scan, asked, k)?.take() ?? null;
    const most = Math.ceil(k * COARSE_SHARE) + COARSE_MORE;
    const kept = this.#probe(this.#coarse, asked, most)?.take();
    if (kept === undefined) return null;
    return this.#scan.best({ query, rows: kept.rows.toSorted(), k, isExcluded: nothing });
  }

  /** As many as `kept` of the best rows; it is done once it has k. */
  #probe(scan: ExactScan, asked: ProbeQuery, kept: number): TopK | null {
    const { query, k, probes, least } = asked;
    const top = new TopK(kept);
    let passed = 0;
    // Twice as many clusters until there are enough rows; their order is the same each time.
    for (let done = 0, wanted = probes; ; wanted *= 2) {
      const nearest = this.#nearest(query, wanted);
      for (const cluster of nearest.subarray(done)) {
        passed += this.#scanCluster(scan, cluster, top, asked);
      }
      if (passed < least) return null;
      done = nearest.length;
      if (top.size >= k || done === this.clusters) return top;
    }
  }

  /** @returns how many of its rows pass. */
  #scanCluster(
    scan: ExactScan,
    cluster: number,
    top: TopK,
    { query, eligible, isExcluded }: ProbeQuery,
  ): number {
    const { starts, rows } = this.#lists;
    const list = rows.subarray(starts[cluster], starts[cluster + 1]);
    const passing = eligible === null ? list : this.#filter(list, eligible);
    scan.scanInto(top, { query, rows: passing, isExcluded });
    return passing.length;
  }

  #filter(list: Uint32Array, eligible: RowSet): Uint32Array {
    let count = 0;
    for (const row of list) if (eligible.has(row)) this.#passing[count++] = row;
    return this.#passing.subarray(0, count);
  }

  /** So many clusters, the nearest by inner product first; all, if there are not more. */
  #nearest(query: Float32Array, count: number): Uint32Array {
    const k = Math.min(count, this.clusters);
    return this.#centroids.best({ query, rows: null, k, isExcluded: nothing }).rows;
  }
}

const nothing: IsExcluded = () => false;
