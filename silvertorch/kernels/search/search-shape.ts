/** What the search's kernels are written for: the same for all batches of an artifact. */
export interface SearchShape {
  readonly dim: number;
  readonly heads: number;
  /** Clusters, or equal stretches of an artifact that has none. */
  readonly clusters: number;
  /** Positions of a cluster, a multiple of 32. */
  readonly width: number;
  /** Rows of the bitmap table. */
  readonly bitmapRows: number;
  /** Cells of an item, by which what signatures let through is checked; 0: it is not. */
  readonly cells: number;
  /** Whether each row has a position of its own in a table, or is one. */
  readonly hasPositions: boolean;
}

/** Vectors of 16 codes that an item takes: dimensions beyond are zeros. */
export const codeVectors = ({ dim }: Pick<SearchShape, "dim">): number => Math.ceil(dim / 16);

/** Words of a bitmap that a cluster takes. */
export const clusterWords = ({ width }: Pick<SearchShape, "width">): number => width / 32;

/** Words of the affinities of a query with all centroids, of which whole vectors are read. */
export const affinityWords = ({ clusters }: Pick<SearchShape, "clusters">): number =>
  Math.ceil(clusters / 4) * 4;

/** How a kernel finds its work; see group-pairs.ts. */
export type WorkOrder = "byQuery" | "byCluster" | "all";

/** How the scan of open lists does: `byCluster` pairs are sorted, or `chained` where all lists are open. */
export type OpenOrder = WorkOrder | "chained";

/**
 * From so many pairs a cluster on they are sorted by cluster: below, few clusters are looked into
 * twice, and the sorting is what it costs.
 */
const SORTED_FROM = 0.25;

/**
 * Up to so many pairs a cluster they are chained: a workgroup waits for the cache as often as there
 * are pairs of its cluster. Of 1.5 pairs that is hidden behind its items, and saves 17 us of sorting
 * on an H200; of 6 it made the scan 62 us longer.
 */
const CHAINED_TO = 2;

/** Whether pairs that are worked off by cluster are chained; only where no list has a filter. */
export const isChained = (pairs: number, clusters: number): boolean =>
  pairs <= CHAINED_TO * clusters;

/** How the work on a batch is ordered. */
export function workOrder(pairs: number, probes: number, clusters: number): WorkOrder {
  if (probes >= clusters) return "all";
  return pairs >= SORTED_FROM * clusters ? "byCluster" : "byQuery";
}
