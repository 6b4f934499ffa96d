import { TopK } from "../../src/math/top-k.ts";
import { expectedBest, NONE_ELIGIBLE } from "../../src/retrieval/cluster-order.ts";
import { GROUP_ROWS, type RowSet } from "../row-set.ts";
import type { InvertedLists } from "./inverted-lists.ts";
import { BLOCK_ROWS } from "./row-table.ts";
import { createVectorTable, RowScorer } from "./vector-table.ts";

/** Eligible rows that are counted of a cluster in the mean, and of all within bounds; of more, a sample. */
const COUNTED_EACH = 8;
const LEAST_COUNTED = 4_096;
const MOST_COUNTED = 65_536;
/**
 * Below this variation of what a filter leaves of clusters their centroids alone tell as much, and
 * counts would only have more rows scored. A filter that lets through all of a third of the clusters, and
 * nothing of others, has it.
 */
const LEAST_VARIATION = 2;

/**
 * How far beyond its centroid the best eligible row of each cluster is expected, in standard
 * deviations: float32 [clusters]. Good until the next is made.
 */
export type ClusterBonus = Float32Array;

/** The order in which clusters are looked into. Belongs to one thread. */
export class NearestClusters {
  readonly count: number;
  readonly #lists: InvertedLists;
  readonly #scorer: RowScorer;
  readonly #ids: Uint32Array;
  readonly #scores: Float32Array;
  readonly #counts: Uint32Array;
  readonly #bonus: ClusterBonus;
  readonly #room = new Uint32Array(GROUP_ROWS);

  constructor(lists: InvertedLists) {
    const { starts, centroids } = lists;
    this.count = starts.length - 1;
    this.#lists = lists;
    const dim = centroids.length / this.count;
    const table = createVectorTable({ embeddings: centroids, dim, scorers: 1 });
    this.#scorer = new RowScorer(table, 0);
    this.#ids = Uint32Array.from({ length: this.count }, (_, cluster) => cluster);
    this.#scores = new Float32Array(this.count);
    this.#counts = new Uint32Array(this.count);
    this.#bonus = new Float32Array(this.count);
  }

  /**
   * Counts what a filter leaves of each cluster: for all queries of a search.
   * @returns null where it leaves about as large a share of each.
   */
  bonusOf(eligible: RowSet): ClusterBonus | null {
    const few = this.#count(eligible, LEAST_COUNTED);
    if (this.#variation(few.counted) < LEAST_VARIATION) return null;
    const most = Math.min(MOST_COUNTED, COUNTED_EACH * this.count);
    const { counted, every } =
      few.every > 1 && most > LEAST_COUNTED ? this.#count(eligible, most) : few;
    const counts = this.#counts;
    const scale = eligible.cardinality / Math.max(1, counted);
    // A cluster of which a sample holds none may have some.
    const bonuses = [every === 1 ? NONE_ELIGIBLE : expectedBest(scale / 2)];
    for (let cluster = 0; cluster < counts.length; cluster++) {
      const own = counts[cluster]!;
      // Few counts are different ones, and a logarithm takes longer than to look it up.
      while (bonuses.length <= own) bonuses.push(expectedBest(bonuses.length * scale));
      this.#bonus[cluster] = bonuses[own]!;
    }
    return this.#bonus;
  }

  /**
   * So many clusters, best first; all, if there are not more: by the inner product of the query with
   * the centroid, and what the best row of the cluster is expected to have beyond it.
   * @param bonus null: by centroids alone.
   */
  nearest(query: Float32Array, count: number, bonus: ClusterBonus | null): Uint32Array {
    const top = new TopK(Math.min(count, this.count));
    const scores = this.#score(query);
    if (bonus !== null) {
      const deviation = this.#lists.spread * lengthOf(query);
      for (let cluster = 0; cluster < bonus.length; cluster++) {
        scores[cluster]! += deviation * bonus[cluster]!;
      }
    }
    let { threshold } = top;
    for (let cluster = 0; cluster < scores.length; cluster++) {
      if (scores[cluster]! < threshold) continue;
      top.push(scores[cluster]!, cluster);
      threshold = top.threshold;
    }
    return top.take().rows;
  }

  /** The inner product of the query with a cluster's centroid. */
  scoreOf(query: Float32Array, cluster: number): number {
    this.#scorer.setQuery(query);
    const score = this.#scores.subarray(cluster, cluster + 1);
    this.#scorer.score(this.#ids.subarray(cluster, cluster + 1), score);
    return score[0]!;
  }

  /** Counts about so many of the eligible rows, and tells how many they were, one of how many. */
  #count(eligible: RowSet, most: number): { readonly counted: number; readonly every: number } {
    const { clusterOf } = this.#lists;
    const counts = this.#counts.fill(0);
    const every = nearestOdd(eligible.cardinality / most);
    let counted = 0;
    eligible.sample(every, this.#room, (rows) => {
      counted += rows.length;
      for (let i = 0; i < rows.length; i++) counts[clusterOf[rows[i]!]!]!++;
    });
    return { counted, every };
  }

  /**
   * How unlike the shares are that a filter leaves of clusters: the square of their coefficient of
   * variation, without what chance alone makes of a sample. Pearson's chi-square of the counts, over its
   * degrees of freedom, is 1 in the mean if the shares are equal, and more by that times the mean count.
   */
  #variation(counted: number): number {
    const { starts, rows } = this.#lists;
    let sum = 0;
    let clusters = 0;
    for (let cluster = 0; cluster < this.count; cluster++) {
      const expected = (counted * (starts[cluster + 1]! - starts[cluster]!)) / rows.length;
      if (expected === 0) continue;
      sum += (this.#counts[cluster]! - expected) ** 2 / expected;
      clusters++;
    }
    if (clusters < 2) return 0;
    return (sum / (clusters - 1) - 1) / (counted / clusters);
  }

  /** The query's inner products with all centroids. */
  #score(query: Float32Array): Float32Array {
    this.#scorer.setQuery(query);
    for (let from = 0; from < this.count; from += BLOCK_ROWS) {
      const block = this.#ids.subarray(from, from + BLOCK_ROWS);
      this.#scorer.score(block, this.#scores.subarray(from, from + BLOCK_ROWS));
    }
    return this.#scores;
  }
}

/** The odd number nearest to it. */
const nearestOdd = (number: number): number => 2 * Math.round((Math.max(1, number) - 1) / 2) + 1;

const lengthOf = (vector: Float32Array): number =>
  Math.sqrt(vector.reduce((sum, each) => sum + each * each, 0));
