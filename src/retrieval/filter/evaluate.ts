import type { CategoricalColumn, Catalogue, NumericColumn } from "../catalogue.ts";
import type { BoundFilter } from "./bind.ts";
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
    case "in": {
      const { offsets, values } = catalogue.columns[filter.column] as CategoricalColumn;
      for (let at = offsets[row]!; at < offsets[row + 1]!; at++) {
        if (filter.codes.includes(values[at]!)) return true;
      }
      return false;
    }
    case "compare": {
      const { values } = catalogue.columns[filter.column] as NumericColumn;
      return compare(values[row]!, filter.op, filter.value);
    }
  }
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

/** Writes 1 for each eligible row of `from .. to` and 0 for the others into `mask[0 .. to - from)`. */
type Scan = (from: number, to: number, mask: Uint8Array) => void;

/**
 * A filter made ready to be evaluated over ranges of rows, column by column: far faster than
 * asking `matches` a row at a time.
 */
export class FilterScan {
  readonly #scan: Scan;
  #mask = new Uint8Array(0);

  constructor(filter: BoundFilter, catalogue: Pick<Catalogue, "columns">) {
    this.#scan = scanOf(filter, catalogue);
  }

  /**
   * Finds the eligible rows of `from .. to`.
   *
   * @param out where the rows go, ascending; at least `to - from` long.
   * @returns how many there are.
   */
  rows(from: number, to: number, out: Uint32Array): number {
    if (this.#mask.length < to - from) this.#mask = new Uint8Array(to - from);
    const mask = this.#mask;
    this.#scan(from, to, mask);
    let count = 0;
    for (let at = 0; at < to - from; at++) {
      // Written always and kept only where it counts: no branch to mispredict.
      out[count] = from + at;
      count += mask[at]!;
    }
    return count;
  }
}

function scanOf(filter: BoundFilter, catalogue: Pick<Catalogue, "columns">): Scan {
  switch (filter.kind) {
    case "all":
      return (from, to, mask) => void mask.fill(1, 0, to - from);
    case "and":
      return scanParts(filter.parts, catalogue, (mask, other, length) => {
        for (let at = 0; at < length; at++) mask[at]! &= other[at]!;
      });
    case "or":
      return scanParts(filter.parts, catalogue, (mask, other, length) => {
        for (let at = 0; at < length; at++) mask[at]! |= other[at]!;
      });
    case "not": {
      const scan = scanOf(filter.part, catalogue);
      return (from, to, mask) => {
        scan(from, to, mask);
        for (let at = 0; at < to - from; at++) mask[at]! ^= 1;
      };
    }
    case "in":
      return scanIn(catalogue.columns[filter.column] as CategoricalColumn, filter.codes);
    case "compare":
      return scanCompare(
        catalogue.columns[filter.column] as NumericColumn,
        filter.op,
        filter.value,
      );
  }
}

function scanParts(
  parts: readonly BoundFilter[],
  catalogue: Pick<Catalogue, "columns">,
  merge: (mask: Uint8Array, other: Uint8Array, length: number) => void,
): Scan {
  const [first, ...rest] = parts.map((part) => scanOf(part, catalogue));
  let other = new Uint8Array(0);
  return (from, to, mask) => {
    if (other.length < to - from) other = new Uint8Array(to - from);
    first!(from, to, mask);
    for (const scan of rest) {
      scan(from, to, other);
      merge(mask, other, to - from);
    }
  };
}

function scanIn(column: CategoricalColumn, codes: readonly number[]): Scan {
  const { offsets, values } = column;
  if (codes.length === 0) return (from, to, mask) => void mask.fill(0, 0, to - from);
  // Codes are dense, so a table answers "is it wanted" in one load.
  const wanted = new Uint8Array(codes.at(-1)! + 2);
  for (const code of codes) wanted[code] = 1;
  const beyond = wanted.length - 1;
  return (from, to, mask) => {
    let at = offsets[from]!;
    for (let row = from; row < to; row++) {
      const end = offsets[row + 1]!;
      let found = 0;
      for (; at < end; at++) found |= wanted[Math.min(values[at]!, beyond)]!;
      mask[row - from] = found;
    }
  };
}

function scanCompare(column: NumericColumn, op: ComparisonOp, value: number): Scan {
  const { values } = column;
  return (from, to, mask) => {
    for (let row = from; row < to; row++) {
      mask[row - from] = compare(values[row]!, op, value) ? 1 : 0;
    }
  };
}

/** NaN, an absent number, compares false with everything: `!=` must not let it through. */
function compare(held: number, op: ComparisonOp, value: number): boolean {
  switch (op) {
    case "<":
      return held < value;
    case "<=":
      return held <= value;
    case ">":
      return held > value;
    case ">=":
      return held >= value;
    case "=":
      return held === value;
    case "!=":
      return !Number.isNaN(held) && held !== value;
  }
}
