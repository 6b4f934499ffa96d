import type { CategoricalColumn, Catalogue, NumericColumn } from "../catalogue.ts";
import type { BoundFilter, BoundMatch } from "./bind.ts";
import type { ComparisonOp } from "./grammar.ts";

/**
 * Whether one item is eligible. A comparison with an absent number is false, and so its NOT true.
 */
export function matches(
  filter: BoundFilter,
  catalogue: Pick<Catalogue, "columns">,
  row: number,
): boolean {
  switch (filter.kind) {
    case "all":
      return true;
    case "and":
      return filter.parts.every((part) => matches(part, catalogue, row));
    case "or":
      return filter.parts.some((part) => matches(part, catalogue, row));
    case "not":
      return !matches(filter.part, catalogue, row);
    case "in":
      return hasAny(filter, catalogue, row);
    case "compare": {
      const { values } = catalogue.columns[filter.column] as NumericColumn;
      return isTrue(values[row]!, filter.op, filter.value);
    }
  }
}

/** Whether an item has any of a match's codes. */
export function hasAny(
  { column, codes }: BoundMatch,
  { columns }: Pick<Catalogue, "columns">,
  row: number,
): boolean {
  const { offsets, values } = columns[column] as CategoricalColumn;
  for (let at = offsets[row]!; at < offsets[row + 1]!; at++) {
    if (holds(codes, values[at]!)) return true;
  }
  return false;
}

/** Whether a comparison is true; with what is not a number it is false, whatever the operator. */
export function isTrue(left: number, op: ComparisonOp, right: number): boolean {
  return compare(left, OUTCOMES[op], right);
}

/** Binary search in ascending codes: an IN may list thousands. */
function holds(codes: readonly number[], code: number): boolean {
  let low = 0;
  let high = codes.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (codes[middle]! < code) low = middle + 1;
    else high = middle;
  }
  return codes[low] === code;
}

/** All eligible rows, ascending. */
export function eligibleRows(
  filter: BoundFilter,
  catalogue: Pick<Catalogue, "columns" | "count">,
): Uint32Array {
  const scan = new FilterScan(filter, catalogue);
  const found: Uint32Array[] = [];
  const chunk = new Uint32Array(CHUNK_ROWS);
  let total = 0;
  for (let from = 0; from < catalogue.count; from += CHUNK_ROWS) {
    const count = scan.rows(from, Math.min(from + CHUNK_ROWS, catalogue.count), chunk);
    found.push(chunk.slice(0, count));
    total += count;
  }
  const rows = new Uint32Array(total);
  let at = 0;
  for (const part of found) {
    rows.set(part, at);
    at += part.length;
  }
  return rows;
}

const CHUNK_ROWS = 16_384;

/**
 * A filter made ready to be evaluated over ranges of rows, column by column: far faster than
 * asking `matches` a row at a time.
 */
export class FilterScan {
  readonly #refine: Refine;

  constructor(filter: BoundFilter, catalogue: Pick<Catalogue, "columns">) {
    this.#refine = refineBy(filter, catalogue);
  }

  /**
   * Finds the eligible rows of `from .. to`.
   *
   * @param out where the rows go, ascending; at least `to - from` long.
   * @returns how many there are.
   */
  rows(from: number, to: number, out: Uint32Array): number {
    for (let row = from; row < to; row++) out[row - from] = row;
    return this.#refine(out, to - from);
  }
}

/**
 * Keeps those of the first `count` rows that pass, in their order, and returns how many. Each
 * term of an AND so looks only at what the terms before it left.
 */
type Refine = (rows: Uint32Array, count: number) => number;

function refineBy(filter: BoundFilter, catalogue: Pick<Catalogue, "columns">): Refine {
  switch (filter.kind) {
    case "all":
      return (_rows, count) => count;
    case "and": {
      const parts = filter.parts.map((part) => refineBy(part, catalogue));
      return (rows, count) => parts.reduce((left, refine) => refine(rows, left), count);
    }
    case "or": {
      // p OR q is NOT (NOT p AND NOT q): q looks only at what p did not let pass.
      const none = filter.parts.map((part) => complement(refineBy(part, catalogue)));
      return complement((rows, count) => none.reduce((left, refine) => refine(rows, left), count));
    }
    case "not":
      return complement(refineBy(filter.part, catalogue));
    case "in":
      return refineByCodes(catalogue.columns[filter.column] as CategoricalColumn, filter.codes);
    case "compare":
      return refineByNumber(catalogue.columns[filter.column] as NumericColumn, filter);
  }
}

/** Keeps what `refine` would not. */
function complement(refine: Refine): Refine {
  let passing = new Uint32Array(0);
  return (rows, count) => {
    if (passing.length < count) passing = new Uint32Array(count);
    passing.set(rows.subarray(0, count));
    const end = refine(passing, count);
    let kept = 0;
    let next = 0;
    for (let at = 0; at < count; at++) {
      const row = rows[at]!;
      if (next < end && passing[next] === row) next++;
      else rows[kept++] = row;
    }
    return kept;
  };
}

function refineByCodes(column: CategoricalColumn, codes: readonly number[]): Refine {
  const { offsets, values } = column;
  if (codes.length === 0) return () => 0;
  // Codes are dense, so a table answers "is it wanted" in one load; its last place is for all others.
  const wanted = new Uint8Array(codes.at(-1)! + 2);
  for (const code of codes) wanted[code] = 1;
  const beyond = wanted.length - 1;
  return (rows, count) => {
    let kept = 0;
    for (let at = 0; at < count; at++) {
      const row = rows[at]!;
      const end = offsets[row + 1]!;
      let found = 0;
      for (let value = offsets[row]!; value < end; value++) {
        found |= wanted[Math.min(values[value]!, beyond)]!;
      }
      // Written always and kept only where it passes: no branch to mispredict.
      rows[kept] = row;
      kept += found;
    }
    return kept;
  };
}

function refineByNumber(
  { values }: NumericColumn,
  { op, value }: { readonly op: ComparisonOp; readonly value: number },
): Refine {
  const outcome = OUTCOMES[op];
  return (rows, count) => {
    let kept = 0;
    for (let at = 0; at < count; at++) {
      const row = rows[at]!;
      if (compare(values[row]!, outcome, value)) rows[kept++] = row;
    }
    return kept;
  };
}

/** What a comparison says to a number that is below, equal to or above the literal. */
interface Outcome {
  readonly below: boolean;
  readonly equal: boolean;
  readonly above: boolean;
}

const OUTCOMES: Readonly<Record<ComparisonOp, Outcome>> = {
  "<": { below: true, equal: false, above: false },
  "<=": { below: true, equal: true, above: false },
  ">": { below: false, equal: false, above: true },
  ">=": { below: false, equal: true, above: true },
  "=": { below: false, equal: true, above: false },
  "!=": { below: true, equal: false, above: true },
};

/** NaN, an absent number, is neither below nor equal nor above: false whatever the operator. */
function compare(held: number, { below, equal, above }: Outcome, value: number): boolean {
  if (held < value) return below;
  if (held > value) return above;
  return held === value && equal;
}
