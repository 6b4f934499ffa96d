const FLOAT_BITS = new Float32Array(1);
const INT_BITS = new Uint32Array(FLOAT_BITS.buffer);
/** The least magnitude that rounds to infinity, and the least that is not subnormal. */
const TOO_LARGE = 65520;
const LEAST_NORMAL = 2 ** -14;
const SUBNORMAL_STEP = 2 ** -24;

/** The nearest float16 of each number times a factor, ties to even, as its 16 bits (IEEE 754). */
export function float16Bits(values: Float32Array, factor = 1): Uint16Array {
  const bits = new Uint16Array(values.length);
  for (let at = 0; at < values.length; at++) bits[at] = bitsOf(values[at]! * factor);
  return bits;
}

function bitsOf(value: number): number {
  FLOAT_BITS[0] = value;
  const float = INT_BITS[0]!;
  const sign = (float >>> 16) & 0x8000;
  // As the float32 that it is now: products may have had more digits.
  const magnitude = Math.abs(FLOAT_BITS[0]);
  if (Number.isNaN(value)) return 0x7e00;
  if (magnitude >= TOO_LARGE) return sign | 0x7c00;
  if (magnitude < LEAST_NORMAL) return sign | roundedToEven(magnitude / SUBNORMAL_STEP);
  // The exponent's bias is 112 less; of the 23 bits of the fraction 10 are kept.
  const rounding = 0xfff + ((float >>> 13) & 1);
  return sign | ((((float & 0x7fffffff) + rounding) >>> 13) - (112 << 10));
}

function roundedToEven(value: number): number {
  const below = Math.floor(value);
  const rest = value - below;
  return rest > 0.5 || (rest === 0.5 && below % 2 === 1) ? below + 1 : below;
}
