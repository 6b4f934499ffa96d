import type { CategoricalColumn, Column, NumericColumn } from "../../src/retrieval/catalogue.ts";
import type { BoundFilter } from "../../src/retrieval/filter/bind.ts";
import { listedShare } from "./filter-share.ts";
import { codeBits, type FoldCode, foldCodes } from "./fold-codes.ts";

/**
 * Conditions as further dimensions of the product that scores items: an item holds 0 in those that
 * it satisfies and -1 in the others, a query a large number in those that it requires, so that an
 * item which lacks one sinks below all scores, and the others' scores stay as they are to the bit.
 *
 * Each categorical column has dimensions of its own, of which every value is some (fold-codes.ts);
 * numbers are compared with some thresholds only. So more items pass than should, never fewer.
 */
export interface FoldLayout {
  /** Of all conditions. */
  readonly dims: number;
  /** Of the categorical columns that have any. */
  readonly codes: readonly FoldCode[];
  /** Where the thresholds begin: each a dimension, behind those of the values. */
  readonly valueDims: number;
  readonly thresholds: readonly FoldThreshold[];
}

/** True of an item whose number in a column is at most, or at least, a value; not of one without. */
export interface FoldThreshold {
  readonly column: number;
  /** `present`: whatever the number, if there is one. */
  readonly side: "atMost" | "atLeast" | "present";
  readonly value: number;
}

/** Dimensions for conditions, at most: half of what embeddings usually have. */
const MOST_DIMS = 64;
/** They are some of these: products are made of so many numbers at once. */
const DIMS_STEP = 4;
/** See `CodeRoom`. */
const STRAYS = 4;
/**
 * What a query holds where it requires something: beyond every score, and so large that two of them
 * overflow to infinity. Of the items that sink nearly all then sink alike, and a TopK passes by.
 */
export const FOLD_PENALTY = 3e38;
/** More terms are planned: their false positives would be checked in vain. */
export const MAX_FOLDED_TERMS = 8;

/** Of these so many, at most, are for numbers. */
const MOST_THRESHOLDS = 16;
/** Shares of a column's numbers that thresholds lie at. */
const AT_MOST = [0.4, 0.1];
const AT_LEAST = [0.6, 0.9];

/** Chooses the dimensions for a catalogue. */
export function foldLayout(columns: readonly Column[]): FoldLayout {
  const numeric = columns.filter(({ kind }) => kind === "numeric").length;
  const room = Math.floor(MOST_THRESHOLDS / Math.max(1, numeric));
  const thresholds = columns
    .flatMap((column, at) =>
      column.kind === "numeric" ? thresholdsOf(column, at, Math.floor((room - 1) / 2)) : [],
    )
    .slice(0, MOST_THRESHOLDS);
  const widths = Array.from({ length: MOST_DIMS / DIMS_STEP }, (_, at) => (at + 1) * DIMS_STEP)
    .map((dims) => dims - thresholds.length)
    .filter((width) => width >= 0);
  const codes = foldCodes(columns, { widths, strays: STRAYS, leastShare: listedShare(1) });
  const last = codes.at(-1);
  const valueDims = last === undefined ? 0 : last.first + last.dims;
  const steps = Math.max(1, Math.ceil((valueDims + thresholds.length) / DIMS_STEP));
  const dims = steps * DIMS_STEP;
  return { dims, codes, valueDims, thresholds };
}

/** @param each thresholds a side, beside the one that tells who has a number where some have not. */
function thresholdsOf({ values }: NumericColumn, column: number, each: number): FoldThreshold[] {
  const sorted = values.filter((value) => !Number.isNaN(value)).toSorted();
  if (sorted.length === 0) return [];
  const at = (side: "atMost" | "atLeast", shares: readonly number[]): FoldThreshold[] =>
    shares
      .slice(0, Math.max(0, each))
      .map((share) => ({ column, side, value: sorted[Math.round(share * (sorted.length - 1))]! }));
  const present = sorted.length < values.length;
  return [
    ...(present ? [{ column, side: "present" as const, value: 0 }] : []),
    ...at("atMost", AT_MOST),
    ...at("atLeast", AT_LEAST),
  ];
}

/**
 * Writes an item's dimensions behind its embedding.
 * @param into of as many numbers as the layout has dimensions.
 */
export function foldItem(
  { codes, valueDims, thresholds }: FoldLayout,
  { columns, item, into }: { columns: readonly Column[]; item: number; into: Float32Array },
): void {
  into.fill(-1);
  for (const code of codes) {
    for (const value of valuesOf(columns[code.column] as CategoricalColumn, item)) {
      for (const bit of codeBits(code, value)) into[bit] = 0;
    }
  }
  for (const [at, { column, side, value }] of thresholds.entries()) {
    const number = (columns[column] as NumericColumn).values[item]!;
    if (isWithin(side, number, value)) into[valueDims + at] = 0;
  }
}

/** Comparisons with what is not a number are false. */
function isWithin(side: FoldThreshold["side"], number: number, value: number): boolean {
  if (side === "present") return !Number.isNaN(number);
  return side === "atMost" ? number <= value : number >= value;
}

const valuesOf = ({ offsets, values }: CategoricalColumn, item: number): Uint32Array =>
  values.subarray(offsets[item], offsets[item + 1]);

/**
 * What a query holds for a filter, float32 [dims]; null where it is no conjunction of few terms
 * of which some can be required. What cannot (a NOT, an OR, several values) is left to the check.
 */
export function foldPenalties(filter: BoundFilter, layout: FoldLayout): Float32Array | null {
  const terms = termsOf(filter);
  if (terms.length > MAX_FOLDED_TERMS) return null;
  const required = terms.flatMap((term) => requiredBy(term, layout));
  if (required.length === 0) return null;
  const penalties = new Float32Array(layout.dims);
  for (const dim of required) penalties[dim] = FOLD_PENALTY;
  return penalties;
}

/** What a conjunction is of. */
export const termsOf = (filter: BoundFilter): readonly BoundFilter[] =>
  filter.kind === "and" ? filter.parts : [filter];

/** The dimensions that a term requires; none: it is left to the check. */
export function requiredBy(term: BoundFilter, layout: FoldLayout): number[] {
  if (term.kind === "in" && term.codes.length === 1) {
    const code = layout.codes.find(({ column }) => column === term.column);
    return code === undefined ? [] : codeBits(code, term.codes[0]!);
  }
  if (term.kind !== "compare") return [];
  const { column, op, value } = term;
  switch (op) {
    case "<=":
    case "<":
      return nearest(layout, { column, side: "atMost", value });
    case ">=":
    case ">":
      return nearest(layout, { column, side: "atLeast", value });
    case "=":
      return [
        ...nearest(layout, { column, side: "atMost", value }),
        ...nearest(layout, { column, side: "atLeast", value }),
      ];
    case "!=":
      return [];
  }
}

/** The dimension of the tightest threshold that a condition implies, if there is one. */
function nearest({ thresholds, valueDims }: FoldLayout, asked: FoldThreshold): number[] {
  let best = -1;
  for (const [at, { column, side, value }] of thresholds.entries()) {
    if (column !== asked.column || side !== asked.side) continue;
    const implied = side === "atMost" ? value >= asked.value : value <= asked.value;
    const tighter =
      best === -1 ||
      (side === "atMost" ? value < thresholds[best]!.value : value > thresholds[best]!.value);
    if (implied && tighter) best = at;
  }
  // A comparison is false of an item without a number.
  const at =
    best !== -1
      ? best
      : thresholds.findIndex(({ column, side }) => column === asked.column && side === "present");
  return at === -1 ? [] : [valueDims + at];
}
