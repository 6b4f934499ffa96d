import { type Ranked, TopK } from "../../src/math/top-k.ts";
import type { RowSet } from "../row-set.ts";
import type { ExactScan, IsExcluded } from "./exact-scan.ts";
import type { InvertedLists } from "./inverted-lists.ts";
import { type ClusterBonus, NearestClusters } from "./nearest-clusters.ts";

export interface ProbeQuery {
  /** float32[dim] */
  readonly query: Float32Array;
  readonly k: number;
  /** null: every row passes. */
  readonly eligible: RowSet | null;
  readonly isExcluded: IsExcluded;
  /** By `bonusOf` of what is eligible; null: clusters are taken by their centroids alone. */
  readonly bonus: ClusterBonus | null;
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
  readonly #lists: InvertedLists;
  readonly #scan: ExactScan;
  readonly #coarse: ExactScan | null;
  readonly #nearest: NearestClusters;
  readonly #passing: Uint32Array;

  /** @param coarse Scans all rows of a cluster, and `scan` only the best of them; null: `scan` does. */
  constructor(lists: InvertedLists, scan: ExactScan, coarse: ExactScan | null = null) {
    const largest = lists.starts.reduce(
      (most, start, c) => Math.max(most, start - (lists.starts[c - 1] ?? 0)),
      0,
    );
    this.#lists = lists;
    this.#scan = scan;
    this.#coarse = coarse;
    this.#passing = new Uint32Array(largest);
    this.#nearest = new NearestClusters(lists);
  }

  get clusters(): number {
    return this.#nearest.count;
  }

  /**
   * What a filter adds to the order of the clusters, for all queries of a search; good until it is asked
   * again. null: nothing, for all rows pass.
   */
  bonusOf(eligible: RowSet | null): ClusterBonus | null {
    const isOpen = eligible === null || eligible.cardinality === this.#lists.rows.length;
    return isOpen ? null : this.#nearest.bonusOf(eligible);
  }

  /**
   * The k best rows of the clusters; of all clusters, where k rows are not found before.
   * @returns null where fewer pass than the least.
   */
  best(asked: ProbeQuery): Ranked | null {
    const { query, k } = asked;
    const isCoarse = this.#coarse !== null;
    const kept = isCoarse ? Math.ceil(k * COARSE_SHARE) + COARSE_MORE : k;
    const probed = this.#probe(this.#coarse ?? this.#scan, asked, kept);
    if (probed === null) return null;
    let found = probed.top.take();
    if (isCoarse) {
      found = this.#scan.best({ query, rows: found.rows.toSorted(), k, isExcluded: nothing });
    }
    return this.#isMissed(found, asked, probed.first) ? null : found;
  }

  /**
   * Whether not even the best row comes up to the centroid of the cluster that came first: what passes
   * is not as near as others of its cluster, and where the best of it lies counts do not tell.
   */
  #isMissed({ values }: Ranked, { query, bonus, least }: ProbeQuery, first: number): boolean {
    if (bonus === null || least === 0 || values.length === 0) return false;
    return values[0]! < this.#nearest.scoreOf(query, first);
  }

  /** As many as `kept` of the best rows, and the cluster that came first; it is done once it has k. */
  #probe(
    scan: ExactScan,
    asked: ProbeQuery,
    kept: number,
  ): { readonly top: TopK; readonly first: number } | null {
    const { query, k, bonus, probes, least } = asked;
    const top = new TopK(kept);
    let passed = 0;
    // Twice as many clusters until there are enough rows; their order is the same each time.
    for (let done = 0, wanted = probes; ; wanted *= 2) {
      const nearest = this.#nearest.nearest(query, wanted, bonus);
      for (const cluster of nearest.subarray(done)) {
        passed += this.#scanCluster(scan, cluster, top, asked);
      }
      if (passed < least) return null;
      done = nearest.length;
      if (top.size >= k || done === this.clusters) return { top, first: nearest[0]! };
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
}

const nothing: IsExcluded = () => false;
