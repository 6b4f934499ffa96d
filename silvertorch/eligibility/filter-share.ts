import type { BoundFilter } from "../../src/retrieval/filter/bind.ts";
import { type AttributeIndex, distinctOf, upperBound } from "./attribute-index.ts";

/** What is known of how common values are. */
export interface ValueShares {
  /** Of each column how many items hold each of its values; of a numeric one nothing. */
  readonly counts: readonly Uint32Array[];
  readonly items: number;
  /** Its distinct numbers stand for all of them. */
  readonly index: AttributeIndex;
}

/**
 * About what share of the items a filter lets through, 0..1: as if its terms had nothing to do with
 * each other, and each number were as common as any.
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
    case "compare": {
      const distinct = distinctOf(known.index, filter.column);
      if (distinct.length === 0) return 0;
      const atMost = upperBound(distinct, filter.value) / distinct.length;
      switch (filter.op) {
        case "<":
        case "<=":
          return atMost;
        case ">":
        case ">=":
          return 1 - atMost;
        case "=":
          return 1 / distinct.length;
        case "!=":
          return 1;
      }
    }
  }
}
