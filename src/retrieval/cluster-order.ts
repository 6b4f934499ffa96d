/**
 * In which order clusters are looked into for a query with a filter. A centroid's product with the
 * query is the mean of its items' scores; about it they lie nearly as normal deviations of spread
 * sigma |q|, so that the best of the e of them that are eligible is expected about
 *
 *   centroid . q  +  sigma |q| (sqrt(2 ln(1 + e)) - ln(1 + 1 / e))
 *
 * The root is the extreme-value estimate (Cramer, Mathematical Methods of Statistics, 1946, chapter
 * 28; David and Nagaraja, Order Statistics, 3rd edition, 2003, section 10.5). What is taken from it
 * counts where e is small, and an estimate: e / (1 + e) is about the chance that there is one at all,
 * and one of a chance p is as likely as a sure one -ln(p) / z deviations farther, z of them out. By
 * centroids alone a near cluster
 * of which hardly an item is eligible is looked into before a farther one that is full of them.
 */

/**
 * How many standard deviations the best of a cluster's eligible items is expected beyond its centroid.
 * @param eligible how many they are, or are thought to be: more than 0.
 */
export function expectedBest(eligible: number): number {
  return Math.sqrt(2 * Math.log1p(eligible)) - Math.log1p(1 / eligible);
}

/**
 * The same of a cluster of which it is certain that it holds none: it comes behind all others. Finite,
 * for WebGPU knows no infinity, and small enough for 16 bits.
 */
export const NONE_ELIGIBLE = -10_000;

/** Vectors one after the other: float32 [count, dim]. */
interface Vectors {
  readonly dim: number;
  readonly values: Float32Array;
}

/**
 * sigma: how far items lie from their centroids in one dimension, the root of the mean square over
 * all items and dimensions; one number of a catalogue.
 *
 * @param assignment each item's cluster.
 */
export function clusterSpread(
  { values, dim }: Vectors,
  centroids: Pick<Vectors, "values">,
  assignment: Uint32Array,
): number {
  let sum = 0;
  for (let item = 0; item < assignment.length; item++) {
    const first = item * dim;
    const centroid = assignment[item]! * dim;
    for (let at = 0; at < dim; at++) {
      const off = values[first + at]! - centroids.values[centroid + at]!;
      sum += off * off;
    }
  }
  return Math.sqrt(sum / Math.max(1, assignment.length * dim));
}
