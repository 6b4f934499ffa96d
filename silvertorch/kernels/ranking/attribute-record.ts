import type { FormulaReads } from "../../compile/formula-columns.ts";

/**
 * What a formula reads of an item, as a few 32-bit words side by side in its record: first bits
 * that say which matches the item satisfies, then its numbers as float32, not a number where absent.
 */
export interface AttributeRecord {
  /** First word in the item's record. */
  readonly at: number;
  /** Words of an item; 0 where the formula reads none of its attributes. */
  readonly words: number;
  /** Of those, words of bits. */
  readonly flagWords: number;
  /** Bit of each match, counted from the attributes' first word; by `matchKey`. */
  readonly matches: ReadonlyMap<string, number>;
  /** Word of each numeric column, by its position. */
  readonly numbers: ReadonlyMap<number, number>;
}

/** Lays out what a formula reads. */
export function attributeRecord({ columns, matches }: FormulaReads, at: number): AttributeRecord {
  const flagWords = Math.ceil(matches.size / 32);
  return {
    at,
    words: flagWords + columns.size,
    flagWords,
    matches: new Map([...matches.keys()].map((key, bit) => [key, bit])),
    numbers: new Map([...columns].map((column, place) => [column, flagWords + place])),
  };
}
