/**
 * WGSL: floats as unsigned integers in the same order, and back; both zeros are one. What is not
 * a number must not come.
 */
export const FLOAT_ORDER = /* wgsl */ `
fn ordered(x: f32) -> u32 {
  let bits = bitcast<u32>(x);
  if ((bits & 0x7fffffffu) == 0u) { return 0x80000000u; }
  return select(bits | 0x80000000u, ~bits, (bits >> 31u) == 1u);
}
fn unordered(key: u32) -> f32 {
  return bitcast<f32>(select(~key, key & 0x7fffffffu, (key >> 31u) == 1u));
}
`;

/** The key of -inf, the least that comes. */
export const LEAST_KEY = 0x007f_ffff;

/** The least power of two that is at least so much. */
export const powerOfTwo = (least: number): number => 2 ** Math.ceil(Math.log2(Math.max(1, least)));
