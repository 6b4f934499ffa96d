import type { CategoricalColumn, Column, NumericColumn } from "../../src/retrieval/catalogue.ts";
import type { BoundFilter } from "../../src/retrieval/filter/bind.ts";
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
  /** Of the categorical columns that have any. */
  readonly codes: readonly FoldCode[];
  /** Where the thresholds begin: each a dimension, behind those of the values. */
  readonly valueDims: number;
  readonly thresholds: readonly FoldThreshold[];
}

/** True of an item whose number in a column is at most, or at least, a value; not of one without. */
export interface FoldThreshold {
  readonly column: number;
  readonly side: "atMost" | "atLeast";
  readonly value: number;
}

/** Dimensions for conditions: half of what embeddings usually have. */
export const FOLD_DIMS = 64;
/**
 * What a query holds where it requires something: beyond every score, and so large that two of them
 * overflow to infinity. Of the items that sink nearly all then sink alike, and a TopK passes by.
 */
export const FOLD_PENALTY = 3e38;
/** More terms are planned: their false positives would be checked in vain. */
export const MAX_FOLDED_TERMS = 8;

/** At most this share of the dimensions is for numbers. */
const NUMBER_SHARE = 0.25;
/** Shares of a column's numbers that thresholds lie at; the first holds of all numbers. */
const AT_MOST = [1, 0.4, 0.1];
const AT_LEAST = [0.6, 0.9];

/** Chooses the dimensions for a catalogue. */
export function foldLayout(columns: readonly Column[]): FoldLayout {
  const numeric = columns.filter(({ kind }) => kind === "numeric").length;
  const room = Math.floor((FOLD_DIMS * NUMBER_SHARE) / Math.max(1, numeric));
  const thresholds = columns
    .flatMap((column, at) =>
      column.kind === "numeric" ? thresholdsOf(column, at, Math.floor((room - 1) / 2)) : [],
    )
    .slice(0, FOLD_DIMS * NUMBER_SHARE);
  const valueDims = FOLD_DIMS - thresholds.length;
  return { codes: foldCodes(columns, valueDims), valueDims, thresholds };
}

function thresholdsOf({ values }: NumericColumn, column: number, each: number): FoldThreshold[] {
  const sorted = values.filter((value) => !Number.isNaN(value)).toSorted();
  if (sorted.length === 0) return [];
  const at = (share: number): number => sorted[Math.round(share * (sorted.length - 1))]!;
  return [
    ...AT_MOST.slice(0, Math.max(0, each) + 1).map((share) => ({
      column,
      side: "atMost" as const,
      value: at(share),
    })),
    ...AT_LEAST.slice(0, Math.max(0, each)).map((share) => ({
      column,
      side: "atLeast" as const,
      value: at(share),
    })),
  ];
}

/** Writes an item's dimensions behind its embedding. @param into of `FOLD_DIMS` numbers. */
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
    // Comparisons with what is not a number are false.
    if (side === "atMost" ? number <= value : number >= value) into[valueDims + at] = 0;
  }
}

const valuesOf = ({ offsets, values }: CategoricalColumn, item: number): Uint32Array =>
  values.subarray(offsets[item], offsets[item + 1]);

/**
 * What a query holds for a filter, float32 [FOLD_DIMS]; null where it is no conjunction of few terms
 * of which some can be required. What cannot (a NOT, an OR, several values) is left to the check.
 */
export function foldPenalties(filter: BoundFilter, layout: FoldLayout): Float32Array | null {
  const terms = filter.kind === "and" ? filter.parts : [filter];
  if (terms.length > MAX_FOLDED_TERMS) return null;
  const required = terms.flatMap((term) => requiredBy(term, layout));
  if (required.length === 0) return null;
  const penalties = new Float32Array(FOLD_DIMS);
  for (const dim of required) penalties[dim] = FOLD_PENALTY;
  return penalties;
}

function requiredBy(term: BoundFilter, layout: FoldLayout): number[] {
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
  if (best !== -1) return [valueDims + best];
  // A comparison is false of an item without a number: the largest threshold tells who has one.
  const present = thresholds.findIndex(
    ({ column, side }) => column === asked.column && side === "atMost",
  );
  return asked.side === "atLeast" && present !== -1 ? [valueDims + present] : [];
}
