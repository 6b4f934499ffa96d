import { Random } from "../../src/math/random.ts";
import type { Device } from "../../src/onnx/device.ts";
import { kMeans } from "../../src/onnx/k-means.ts";
import type { Points } from "../../src/onnx/nearest-centroids.ts";
import type { Catalogue } from "../../src/retrieval/catalogue.ts";
import { clusterSpread } from "../../src/retrieval/cluster-order.ts";
import { bitmapLayout, type BitmapLayout } from "../eligibility/bitmap-layout.ts";

/** Items sorted by cluster, and within a cluster by row. */
export interface Clusters {
  readonly count: number;
  /** Positions of a cluster, a multiple of 64: its items and then what fills it up. */
  readonly width: number;
  /** [count, dim] */
  readonly centroids: Points;
  /** How far items lie from them: src/retrieval/cluster-order.ts. */
  readonly spread: number;
  /** uint32 [items] position of each row. */
  readonly positions: Uint32Array;
  /** int32 [count x width] row at each position; -1 where it is filled up. */
  readonly rows: Int32Array;
}

/** The most places, beyond its items, that clusters are filled up with. */
const MAX_PADDING = 1.15;
/** Room that balancing needs: the less, the more items end up away from their nearest centroid. */
const MIN_PADDING = 1.03;
const WORD_ITEMS = 64;

/** A number of clusters by which both probing and scanning the probed stay small: 4 sqrt(items). */
export function defaultClusters(items: number): number {
  return Math.max(1, Math.min(4096, Math.round(4 * Math.sqrt(items))));
}

/**
 * Sizes near a wished number of clusters: of whole bitmap words, with room for balancing, but not
 * more than the largest padding. Of few items one cluster is all there is.
 */
export function clusterSizes(items: number, wished: number): { count: number; width: number } {
  let words = Math.max(1, Math.round((1.08 * items) / wished / WORD_ITEMS));
  // Of few and wide clusters the last one may take too much filling up.
  while (words > 1 && filledUp(items, words * WORD_ITEMS) > MAX_PADDING * items) words--;
  const width = words * WORD_ITEMS;
  const least = Math.ceil((MIN_PADDING * items) / width);
  const most = Math.max(1, Math.floor((MAX_PADDING * items) / width));
  const count = Math.max(Math.min(Math.max(wished, least), most), Math.ceil(items / width));
  return { count, width };
}

/** Places of the fewest clusters that hold all items. */
const filledUp = (items: number, width: number): number => Math.ceil(items / width) * width;

export interface ClusterOptions {
  /** How many are wished for. */
  readonly wished: number;
  readonly seed: number;
  /** Default: the processor. */
  readonly device?: Device;
  readonly threads: number;
  readonly onProgress: (fraction: number) => void;
}

/** Sorts a catalogue's items into clusters of about equal size. */
export async function clusterItems(
  { count: items, dim, embeddings }: Pick<Catalogue, "count" | "dim" | "embeddings">,
  { wished, seed, device = "cpu", threads, onProgress }: ClusterOptions,
): Promise<Clusters> {
  const { count, width } = clusterSizes(items, wished);
  const { centroids, assignment } = await kMeans({
    points: { count: items, dim, values: embeddings },
    clusters: count,
    capacity: width,
    random: new Random(seed),
    device,
    threads,
    onProgress,
  });
  const spread = clusterSpread({ dim, values: embeddings }, centroids, assignment);
  const filled = new Uint32Array(count);
  const positions = assignment.map((cluster) => cluster * width + filled[cluster]!++);
  const rows = new Int32Array(count * width).fill(-1);
  for (const [row, position] of positions.entries()) rows[position] = row;
  return { count, width, centroids, spread, positions, rows };
}

/** Bitmaps with a block a cluster. */
export function clusteredLayout(
  items: number,
  { count, width, positions }: Clusters,
): BitmapLayout {
  return bitmapLayout(items, { count, words: width / WORD_ITEMS, positions });
}
