import type { BoundFilter, BoundMatch } from "../../src/retrieval/filter/bind.ts";
import { bonusCodes } from "./cluster-bonus.ts";
import type { ClusterCounts } from "./cluster-counts.ts";
import { shareOf, type ValueShares } from "./filter-share.ts";

/** What is known of the values in each cluster. */
export interface ClusterShares {
  readonly counts: ClusterCounts;
  /** Of the whole catalogue: what is taken of comparisons, of which nothing is counted. */
  readonly shares: ValueShares;
  /** Whether no item has two values of a column. */
  readonly isSingle: (column: number) => boolean;
}

/** uint8 [clusters]: what a filter adds to each cluster's score, in codes of cluster-bonus.ts. */
export function clusterBonus(filter: BoundFilter, known: ClusterShares): Uint8Array {
  const shares = clusterShares(filter, known);
  const { sizes } = known.counts;
  for (let cluster = 0; cluster < sizes.length; cluster++) shares[cluster]! *= sizes[cluster]!;
  return bonusCodes(shares);
}

/**
 * About what share of each cluster's items a filter lets through, float64 [clusters]: as `shareOf` does
 * of the catalogue, by each cluster's own counts, as if within a cluster terms had nothing to do with
 * each other. 0 only where it is certain that none passes.
 *
 * @param negated of those that it does not let through: a NOT is taken at the terms, so that next to
 *   nothing never becomes nothing.
 */
export function clusterShares(
  filter: BoundFilter,
  known: ClusterShares,
  negated = false,
): Float64Array {
  switch (filter.kind) {
    case "all":
      return constant(negated ? 0 : 1, known);
    case "not":
      return clusterShares(filter.part, known, !negated);
    case "and":
    case "or": {
      const parts = filter.parts.map((part) => clusterShares(part, known, negated));
      return (filter.kind === "and") === negated ? anyOf(parts) : allOf(parts);
    }
    case "in":
      return heldShares(filter, known, negated);
    case "compare": {
      const share = shareOf(filter, known.shares);
      return constant(negated ? 1 - share : share, known);
    }
  }
}

/** Of a column in which an item has one value they add up. */
function heldShares(
  { column, codes }: BoundMatch,
  known: ClusterShares,
  negated: boolean,
): Float64Array {
  const { counts } = known;
  const held = codes.map((code) => counts.of(column, code));
  if (held.length === 0) return constant(negated ? 1 : 0, known);
  if (known.isSingle(column)) return shareOfSizes(summed(held), counts.sizes, negated);
  const shares = held.map((each) => shareOfSizes(each, counts.sizes, negated));
  return negated ? allOf(shares) : anyOf(shares);
}

function summed([first, ...others]: readonly Float32Array[]): Float64Array {
  const sums = Float64Array.from(first!);
  for (const other of others) {
    for (let cluster = 0; cluster < sums.length; cluster++) sums[cluster]! += other[cluster]!;
  }
  return sums;
}

function shareOfSizes(
  counts: Float32Array | Float64Array,
  sizes: Float32Array,
  negated: boolean,
): Float64Array {
  const shares = new Float64Array(sizes.length);
  for (let cluster = 0; cluster < shares.length; cluster++) {
    const size = sizes[cluster]!;
    const held = Math.min(size, counts[cluster]!);
    if (size > 0) shares[cluster] = (negated ? size - held : held) / size;
  }
  return shares;
}

/** Each part passes; the first one's array is used. */
function allOf([shares, ...others]: readonly Float64Array[]): Float64Array {
  for (const other of others) {
    for (let at = 0; at < other.length; at++) shares![at]! *= other[at]!;
  }
  return shares!;
}

/** Some part passes: 1 less the product of the rest, added up so that the least share is kept. */
function anyOf([shares, ...others]: readonly Float64Array[]): Float64Array {
  for (const other of others) {
    for (let at = 0; at < other.length; at++) shares![at]! += other[at]! * (1 - shares![at]!);
  }
  return shares!;
}

const constant = (share: number, { counts }: ClusterShares): Float64Array =>
  new Float64Array(counts.sizes.length).fill(share);
