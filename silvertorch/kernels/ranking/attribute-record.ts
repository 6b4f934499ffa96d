import type { FormulaReads } from "../../compile/formula-columns.ts";

/**
 * What a formula reads of an item, as a few 32-bit words side by side, so that a candidate costs
 * one read of memory: first bits that say which matches the item satisfies, then its numbers as
 * float32, not a number where absent.
 */
export interface AttributeRecord {
  /** Words of an item; 0 where the formula reads none of its attributes. */
  readonly words: number;
  /** Bit of each match, counted from the record's first word; by `matchKey`. */
  readonly matches: ReadonlyMap<string, number>;
  /** Word of each numeric column, by its position. */
  readonly numbers: ReadonlyMap<number, number>;
}

/** Lays out what a formula reads. */
export function attributeRecord({ columns, matches }: FormulaReads): AttributeRecord {
  const flagWords = Math.ceil(matches.size / 32);
  return {
    words: flagWords + columns.size,
    matches: new Map([...matches.keys()].map((key, bit) => [key, bit])),
    numbers: new Map([...columns].map((column, at) => [column, flagWords + at])),
  };
}
