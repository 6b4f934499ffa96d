import {
  ATTRIBUTE_WORD,
  GENERATED_COLUMNS,
  NO_CODE,
  SLICE_BITS,
  SLICES,
} from "../../../src/retrieval/generated/generated-columns.ts";

/** The tables of all columns, one after the other: uint32 [columns, SLICES]. */
export function attributeTables(): Uint32Array<ArrayBuffer> {
  const tables = new Uint32Array(GENERATED_COLUMNS.length * SLICES);
  for (const [at, { table }] of GENERATED_COLUMNS.entries()) tables.set(table, at * SLICES);
  return tables;
}

/**
 * WGSL of an item's attributes, the same as `AttributeDraw`: `attribute_of(key, column) -> vec2<u32>`,
 * its codes in a column ascending, or its rank; `NO_CODE` where there are fewer. Reads `tables`.
 */
export const ATTRIBUTE_TEXT = /* wgsl */ `
const NO_CODE = ${NO_CODE}u;
fn slice_of(word: u32, column: u32) -> u32 {
  return tables[column * ${SLICES}u + (word >> ${32 - SLICE_BITS}u)];
}
fn attribute_of(key: u32, column: u32) -> vec2<u32> {
  let first = slice_of(nth_word(key, ${ATTRIBUTE_WORD}u + 2u * column), column);
  if (!(${GENERATED_COLUMNS.flatMap(({ most }, at) => (most > 1 ? [`column == ${at}u`] : [])).join(" || ")})) {
    return vec2<u32>(first, NO_CODE);
  }
  let word = nth_word(key, ${ATTRIBUTE_WORD}u + 2u * column + 1u);
  let second = slice_of(word, column);
  if ((word & 1u) == 0u || second == first) { return vec2<u32>(first, NO_CODE); }
  return vec2<u32>(min(first, second), max(first, second));
}
`;
