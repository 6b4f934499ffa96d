/** Bits of a key that one pass sorts by: three passes go through all 32. */
const DIGIT_BITS = 11;
const DIGITS = 2 ** DIGIT_BITS;
const SIGN = 0x80000000;

/**
 * The rows that have a number, by number ascending, then row: a radix sort (Knuth, TAOCP 5.2.5), in
 * time that is linear in the rows, where comparing takes ten times as long for millions of them.
 */
export function ascendingRows(values: Float32Array): Uint32Array {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  const counts = Array.from({ length: 3 }, () => new Uint32Array(DIGITS));
  const [low, middle, high] = counts as [Uint32Array, Uint32Array, Uint32Array];
  const present = new Uint32Array(values.length);
  let length = 0;
  for (let row = 0; row < values.length; row++) {
    if (Number.isNaN(values[row])) continue;
    present[length++] = row;
    const key = keyOf(bits[row]!);
    low[digitOf(key, 0)]!++;
    middle[digitOf(key, 1)]!++;
    high[digitOf(key, 2)]!++;
  }
  let from = present.subarray(0, length);
  let to = new Uint32Array(length);
  for (const [pass, count] of counts.entries()) {
    const next = startsOf(count);
    for (let at = 0; at < length; at++) {
      const row = from[at]!;
      to[next[digitOf(keyOf(bits[row]!), pass)]!++] = row;
    }
    [from, to] = [to, from];
  }
  return from;
}

/** Of a float32's bits, an unsigned integer in the same order; both zeros are one. */
function keyOf(bits: number): number {
  if (bits === SIGN) return SIGN;
  return bits >= SIGN ? ~bits >>> 0 : (bits | SIGN) >>> 0;
}

const digitOf = (key: number, pass: number): number => (key >>> (pass * DIGIT_BITS)) & (DIGITS - 1);

/** Where each digit's rows begin. */
function startsOf(counts: Uint32Array): Uint32Array {
  const starts = new Uint32Array(counts.length);
  for (let digit = 1; digit < counts.length; digit++) {
    starts[digit] = starts[digit - 1]! + counts[digit - 1]!;
  }
  return starts;
}
