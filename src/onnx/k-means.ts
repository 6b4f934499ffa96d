import type { Random } from "../math/random.ts";
import { assignBalanced } from "./balanced-assignment.ts";
import type { Device } from "./device.ts";
import { halfSquares, NearestCentroids, type Points } from "./nearest-centroids.ts";

export interface KMeansOptions {
  readonly points: Points;
  readonly clusters: number;
  /** The most points a cluster may have; times `clusters` at least the points' count. */
  readonly capacity: number;
  readonly random: Random;
  /** Where the products are computed; default: the processor. */
  readonly device?: Device;
  readonly threads: number;
  readonly onProgress: (fraction: number) => void;
}

export interface Clustering {
  /** [clusters, dim] the mean of each cluster's points. */
  readonly centroids: Points;
  /** uint32 [points] the cluster of each. */
  readonly assignment: Uint32Array;
}

/** Points of the sample a cluster: with so many a mean hardly moves any more by adding others. */
const SAMPLE_PER_CLUSTER = 40;
const ITERATIONS = 6;
/** Passes over the sample while centroids are drawn. */
const SEEDING_ROUNDS = 16;

/**
 * Balanced k-means: Lloyd's iterations on a sample in which no cluster may grow beyond its share of
 * the capacity, so that centroids move to where the points are; then all points are assigned. The
 * centroids are those of the last assignment.
 *
 * @throws HarnessError DATA if ONNX Runtime cannot be used.
 */
export async function kMeans(options: KMeansOptions): Promise<Clustering> {
  const { points, clusters, capacity, random, device = "cpu", threads, onProgress } = options;
  await using nearest = await NearestCentroids.open({ device, threads });
  const sample = sampled(points, SAMPLE_PER_CLUSTER * clusters, random);
  const share = Math.ceil((capacity * sample.count) / points.count);
  const whole = clusters * ((ITERATIONS + 1) * sample.count + points.count);
  let compared = 0;
  const onCompared = (products: number): void => {
    compared += products;
    // Points that find no room choose again, so there is more to do than was foreseen.
    onProgress(Math.min(1, compared / whole));
  };
  let centroids = await seeds(nearest, { sample, clusters, random, onCompared });
  for (let step = 1; step <= ITERATIONS; step++) {
    const from = { points: sample, centroids, capacity: share, onCompared };
    centroids = means(sample, await assignBalanced(nearest, from), centroids);
  }
  const assignment = await assignBalanced(nearest, { points, centroids, capacity, onCompared });
  return { centroids: means(points, assignment, centroids), assignment };
}

/** Some of the points, each as likely; all, if there are not more. */
function sampled(points: Points, most: number, random: Random): Points {
  const { count, dim, values } = points;
  if (count <= most) return points;
  const picked = new Float32Array(most * dim);
  for (let at = 0, row = 0; at < most; row++) {
    // Selection sampling (Knuth, TAOCP 3.4.2, algorithm S).
    if (random.float() * (count - row) >= most - at) continue;
    picked.set(values.subarray(row * dim, (row + 1) * dim), at * dim);
    at++;
  }
  return { count: most, dim, values: picked };
}

/**
 * The first centroids: points drawn with a probability by their squared distance to those drawn so
 * far (k-means++; Arthur and Vassilvitskii, SODA 2007), a sixteenth of them at a time, so that the
 * distances are a matrix product (after k-means||; Bahmani et al., VLDB 2012).
 */
async function seeds(
  nearest: NearestCentroids,
  {
    sample,
    clusters,
    random,
    onCompared,
  }: {
    readonly sample: Points;
    readonly clusters: number;
    readonly random: Random;
    readonly onCompared: (products: number) => void;
  },
): Promise<Points> {
  const { count, dim, values } = sample;
  const halves = halfSquares(sample);
  const chosen = new Float32Array(clusters * dim);
  const distances = new Float64Array(count).fill(1);
  const batch = Math.ceil(clusters / SEEDING_ROUNDS);
  for (let have = 0; have < clusters;) {
    const wanted = have === 0 ? 1 : Math.min(batch, clusters - have);
    const rows = drawn(distances, wanted, random);
    const added = new Float32Array(wanted * dim);
    for (const [at, row] of rows.entries()) {
      added.set(values.subarray(row * dim, (row + 1) * dim), at * dim);
    }
    chosen.set(added, have * dim);
    const centroids = { count: wanted, dim, values: added };
    for await (const { from, closeness } of nearest.of(sample, centroids, 1)) {
      onCompared(closeness.length * wanted);
      for (const [at, value] of closeness.entries()) {
        const distance = Math.max(0, 2 * (halves[from + at]! - value));
        const before = have === 0 ? Infinity : distances[from + at]!;
        distances[from + at] = Math.min(before, distance);
      }
    }
    have += wanted;
  }
  return { count: clusters, dim, values: chosen };
}

/** Positions drawn by weight, with replacement; by chance alone where all weights are 0. */
function drawn(weights: Float64Array, count: number, random: Random): number[] {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const marks = Float64Array.from({ length: count }, () => random.float() * total).toSorted();
  if (total === 0) return Array.from(marks, () => random.int(weights.length));
  const rows: number[] = [];
  let sum = 0;
  for (let at = 0; at < weights.length && rows.length < count; at++) {
    sum += weights[at]!;
    while (rows.length < count && marks[rows.length]! < sum) rows.push(at);
  }
  while (rows.length < count) rows.push(weights.length - 1);
  return rows;
}

/** The mean of each cluster; one without points keeps its centroid. */
function means(points: Points, assignment: Uint32Array, before: Points): Points {
  const { dim } = points;
  const sums = new Float64Array(before.count * dim);
  const counts = new Uint32Array(before.count);
  for (let point = 0; point < points.count; point++) {
    const cluster = assignment[point]!;
    counts[cluster]!++;
    for (let at = 0; at < dim; at++) sums[cluster * dim + at]! += points.values[point * dim + at]!;
  }
  const values = Float32Array.from(sums, (sum, at) => {
    const count = counts[Math.floor(at / dim)]!;
    return count === 0 ? before.values[at]! : sum / count;
  });
  return { count: before.count, dim, values };
}
