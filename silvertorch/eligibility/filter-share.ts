import type { BoundFilter } from "../../src/retrieval/filter/bind.ts";
import { type AttributeIndex, distinctOf, upperBound } from "./attribute-index.ts";

/** To score one item for itself takes as long as so many items of a whole search by one head. */
const PAIR_COST = 128;
/** A whole search takes longer by the heads, up to so many. */
const MOST_HEADS = 16;

/**
 * Where filters leave less than this share of the items in the mean of a batch, it takes less time to
 * list and score them than to search all items (graph/few-eligible.ts).
 */
export const fewShare = (heads: number): number => Math.min(heads, MOST_HEADS) / PAIR_COST;

/**
 * Filters that leave less are searched apart from others: half of what is few, for the share is an
 * estimate. So they are not folded either, and no values that are as rare need be told apart for it.
 */
export const listedShare = (heads: number): number => fewShare(heads) / 2;

/** What is known of how common values are. */
export interface ValueShares {
  /** Of each column as compile/value-counts.ts counts them. */
  readonly counts: readonly Uint32Array[];
  readonly items: number;
  readonly index: AttributeIndex;
}

/**
 * About what share of the items a filter lets through, 0..1: that of a single term as it was
 * counted, of several as if they had nothing to do with each other.
 */
export function shareOf(filter: BoundFilter, known: ValueShares): number {
  switch (filter.kind) {
    case "all":
      return 1;
    case "not":
      return 1 - shareOf(filter.part, known);
    case "and":
      return filter.parts.reduce((share, part) => share * shareOf(part, known), 1);
    case "or":
      return 1 - filter.parts.reduce((none, part) => none * (1 - shareOf(part, known)), 1);
    case "in": {
      const counts = known.counts[filter.column]!;
      const held = filter.codes.reduce((sum, code) => sum + counts[code]!, 0);
      return Math.min(1, held / Math.max(1, known.items));
    }
    case "compare":
      return comparedShare(filter, known);
  }
}

/** Items without a number satisfy no comparison. */
function comparedShare(
  { column, op, value }: BoundFilter & { readonly kind: "compare" },
  { counts, items, index }: ValueShares,
): number {
  const distinct = distinctOf(index, column);
  const below = (rank: number): number =>
    interpolated(counts[column]!, distinct.length, rank) / Math.max(1, items);
  const all = below(distinct.length);
  const after = upperBound(distinct, value);
  // The number itself has the last rank that is not above it, if any item holds it.
  const at = after > 0 && distinct[after - 1] === value ? after - 1 : after;
  switch (op) {
    case "<":
      return below(at);
    case "<=":
      return below(after);
    case ">":
      return all - below(after);
    case ">=":
      return all - below(at);
    case "=":
      return below(after) - below(at);
    case "!=":
      return all - (below(after) - below(at));
  }
}

/** How many items hold one of the lowest numbers, as many as `rank`, of `distinct`. */
function interpolated(counts: Uint32Array, distinct: number, rank: number): number {
  if (distinct === 0) return 0;
  const place = (rank * (counts.length - 1)) / distinct;
  const step = Math.floor(place);
  const before = counts[step]!;
  return step === place ? before : before + (counts[step + 1]! - before) * (place - step);
}
