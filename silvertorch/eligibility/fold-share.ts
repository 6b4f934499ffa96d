import { setBit, wordsFor } from "../../src/math/bit-words.ts";
import { bitsIn } from "../../src/math/bits-in.ts";
import type { CategoricalColumn, Column } from "../../src/retrieval/catalogue.ts";
import type { BoundFilter } from "../../src/retrieval/filter/bind.ts";
import { shareOf, type ValueShares } from "./filter-share.ts";
import { codeBits, type FoldCode } from "./fold-codes.ts";
import { type FoldLayout, type FoldThreshold, requiredBy, termsOf } from "./fold.ts";

/** How filters are folded, and how much that lets through. */
export interface Folding {
  readonly layout: FoldLayout;
  /** Of each of the layout's codes: uint32 [values], about how many items seem to hold a value. */
  readonly seeming: readonly Uint32Array[];
}

/** Items that are looked at, at most: what is wanted is an estimate. */
const SAMPLE = 65_536;

/** How many items seem to hold each value of a column, by its code: uint32 [values]. */
export function seemingCounts(code: FoldCode, columns: readonly Column[]): Uint32Array {
  const { offsets, values, vocabulary } = columns[code.column] as CategoricalColumn;
  const items = offsets.length - 1;
  const step = Math.max(1, Math.ceil(items / SAMPLE));
  const sampled = Math.ceil(items / step);
  const words = wordsFor(sampled);
  // Of each dimension which of the sampled items have it, a bit each.
  const held = Array.from({ length: code.dims }, () => new Uint32Array(words));
  for (let nth = 0; nth < sampled; nth++) {
    const item = nth * step;
    for (let at = offsets[item]!; at < offsets[item + 1]!; at++) {
      for (const dim of codeBits(code, values[at]!)) setBit(held[dim - code.first]!, nth);
    }
  }
  return Uint32Array.from(vocabulary, (_, value) => {
    const dims = codeBits(code, value).map((dim) => held[dim - code.first]!);
    let count = 0;
    for (let word = 0; word < words; word++) {
      count += bitsIn(dims.reduce((bits, of) => bits & of[word]!, -1));
    }
    return Math.round((count * items) / sampled);
  });
}

/**
 * About what share of the items that seem to satisfy a conjunction once it is folded does so, 0..1:
 * as if its terms had nothing to do with each other.
 */
export const passingShare = (filter: BoundFilter, folding: Folding, known: ValueShares): number =>
  termsOf(filter).reduce((passing, term) => {
    const seems = seemingShare(term, folding, known);
    return seems > 0 ? passing * Math.min(1, shareOf(term, known) / seems) : passing;
  }, 1);

/** What share of the items what is required for a term lets through. */
function seemingShare(term: BoundFilter, { layout, seeming }: Folding, known: ValueShares): number {
  const required = requiredBy(term, layout);
  if (required.length === 0) return 1;
  if (term.kind === "in") {
    const at = layout.codes.findIndex(({ column }) => column === term.column);
    return seeming[at]![term.codes[0]!]! / Math.max(1, known.items);
  }
  const thresholds = required.map((dim) => layout.thresholds[dim - layout.valueDims]!);
  return Math.min(...thresholds.map((threshold) => shareOf(comparisonOf(threshold), known)));
}

/** What a threshold is true of, as a filter. */
function comparisonOf({ column, side, value }: FoldThreshold): BoundFilter {
  if (side === "present") return { kind: "compare", column, op: ">=", value: -Infinity };
  return { kind: "compare", column, op: side === "atMost" ? "<=" : ">=", value };
}
