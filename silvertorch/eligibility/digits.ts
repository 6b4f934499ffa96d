/**
 * Attribute value decomposition: a code below `values` is written as a number of a few digits in
 * one base, so that a column of many values needs few bitmaps: base x digits instead of values.
 * After Chan and Ioannidis, "Bitmap Index Design and Evaluation" (SIGMOD 1998).
 */
export interface Digits {
  readonly base: number;
  /** Digits of a code, least significant first. */
  readonly count: number;
}

/** Bitmaps that one column may take: a bit an item each, so 64 bytes an item. */
export const MAX_COLUMN_ROWS = 512;

/**
 * The fewest digits with which a column stays within `MAX_COLUMN_ROWS` bitmaps (every digit more
 * is a step more in each filter that names the column); where none does, those with the fewest
 * bitmaps.
 *
 * @param slots values an item may have, each of which needs digits of its own once there are two.
 */
export function chooseDigits(values: number, slots: number): Digits {
  let best: Digits = { base: values, count: 1 };
  for (let count = 1; ; count++) {
    const digits = { base: rootUp(values, count), count };
    if (bitmapsOf(digits, slots) < bitmapsOf(best, slots)) best = digits;
    if (bitmapsOf(best, slots) <= MAX_COLUMN_ROWS || digits.base <= 2) return best;
  }
}

/** Bitmaps of a column. With one digit a bitmap holds every slot's values. */
export function bitmapsOf({ base, count }: Digits, slots: number): number {
  return count === 1 ? base : slots * count * base;
}

/** The digit of a code at a position, least significant first. */
export function digitOf(digits: Digits, code: number, position: number): number {
  return digitAt(digits, position)(code);
}

/** What tells of a code its digit at a position: for many codes. */
export function digitAt({ base }: Digits, position: number): (code: number) => number {
  const unit = base ** position;
  // In whole numbers of 32 bits, which a processor divides by itself: of floats it has no remainder.
  return (code) => ((code / unit) | 0) % base;
}

/** The smallest base whose `count` digits hold `values` codes. */
function rootUp(values: number, count: number): number {
  let base = Math.max(1, Math.floor(values ** (1 / count)));
  while (base ** count < values) base++;
  return base;
}
