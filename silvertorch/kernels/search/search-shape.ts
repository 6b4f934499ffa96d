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

/** How a kernel finds its work; see group-pairs.ts. */
export type WorkOrder = "byQuery" | "byCluster" | "all";
