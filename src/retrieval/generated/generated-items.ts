import { HarnessError } from "../../errors.ts";

/** Raise it whenever the same numbers would give other items. */
export const GENERATOR = "rows/1";

/**
 * Items of which nothing is stored: vector and attributes of each are computed from the seed and its
 * row, wherever they are needed (generated-vectors.ts, generated-columns.ts). Plain data: it is part
 * of a dataset's manifest, of an artifact's, and travels to threads.
 *
 * Row r lies in cluster floor(r / width), width = items / clusters, and there in sub-cluster r mod
 * 16. A vector is 8-bit codes times a scale of its own, and so is exact in 8 bits: a code is the sum
 * of three uniform whole numbers, one of its cluster, one of its sub-cluster, one of its own.
 */
export interface GeneratedItems {
  readonly generator: typeof GENERATOR;
  readonly seed: number;
  readonly items: number;
  /** A multiple of 4: a random word is four codes. */
  readonly dim: number;
  /** Of equal width, a multiple of 32. */
  readonly clusters: number;
  /** How many values the numbers of a cluster have; and those of a sub-cluster, and of an item. */
  readonly clusterSpread: number;
  readonly itemSpread: number;
}

/** Sub-clusters of each cluster, by which the generator has 16 times as many as the index. */
export const SUB_CLUSTERS = 16;

/** Items of a cluster. */
export const widthOf = ({ items, clusters }: GeneratedItems): number => items / clusters;

export interface GeneratedSize {
  readonly seed: number;
  readonly items: number;
  readonly dim: number;
  readonly clusters: number;
  /** Spread of a cluster around its centre, as a share of the centre's length. */
  readonly noise: number;
}

/** The largest sum of spreads whose codes stay within -127 .. 127. */
const MOST_SPREAD = 254;

/** @throws HarnessError BAD_INPUT if items cannot be shared out so. */
export function generatedItems({
  seed,
  items,
  dim,
  clusters,
  noise,
}: GeneratedSize): GeneratedItems {
  if (items % (clusters * 32) !== 0) {
    const width = Math.max(32, Math.round(items / clusters / 32) * 32);
    throw new HarnessError(
      "BAD_INPUT",
      `generated items lie in clusters of equal size, a multiple of 32; ${clusters} clusters cannot share ${items} items so`,
      { where: "dataset.items", hint: `use ${clusters * width} items, ${width} a cluster` },
    );
  }
  if (dim % 4 !== 0) {
    throw new HarnessError("BAD_INPUT", `expected a multiple of 4, came ${dim}`, {
      where: "dataset.dim",
    });
  }
  // Uniform numbers of n values have the variance n^2 / 12, and there are two beside the centre's.
  const share = noise / Math.SQRT2;
  const clusterSpread = Math.max(1, Math.floor(MOST_SPREAD / (1 + 2 * share)));
  const itemSpread = Math.max(1, Math.floor(clusterSpread * share));
  return { generator: GENERATOR, seed, items, dim, clusters, clusterSpread, itemSpread };
}
