/**
 * WGSL: scores as words in the same order, so that they can be compared, counted by digits and
 * marked: no score has the key 0, which stands for "none".
 */
export const ORDERED_KEYS = /* wgsl */ `
const NONE = 0u;
fn key_of(score: f32) -> u32 {
  // Adding 0 makes one of the two zeros.
  let bits = bitcast<u32>(score + 0.0);
  return select(bits | 0x80000000u, ~bits, bits >= 0x80000000u);
}
/** The bits of a key's score; of none, those of -inf. */
fn score_bits(key: u32) -> u32 {
  if (key == NONE) { return 0xff800000u; }
  return select(~key, key & 0x7fffffffu, key >= 0x80000000u);
}
`;
