import { linearMain } from "../../device/kernel.ts";
import { clusterWords, codeVectors, type SearchShape } from "./search-shape.ts";

/** Threads of the kernels that put an artifact's tables where the search reads them. */
const THREADS = 256;

const main = (body: string): string => linearMain(THREADS, body);

export const placeGroups = (words: number): number => Math.ceil(words / THREADS);

/**
 * From codes by dimension, as a matrix product reads them, to codes by item.
 *
 * Bindings: 0 source int8 [blocks, dim, length], 1 codes u32 [positions, vectors x 4], 2 part
 * (uniform): first position that is written, length of a block (a multiple of 4), blocks.
 * Workgroups: a thread for four dimensions of four items, four words in and four out.
 */
export function placeCodesKernel(shape: Pick<SearchShape, "dim">): string {
  const words = codeVectors(shape) * 4;
  return /* wgsl */ `
@group(0) @binding(0) var<storage, read> source: array<u32>;
@group(0) @binding(1) var<storage, read_write> codes: array<u32>;
@group(0) @binding(2) var<uniform> part: vec4<u32>;
${main(/* wgsl */ `
  let item = at / ${words}u * 4u;
  let word = at % ${words}u;
  if (item >= part.y * part.z) { return; }
  let block = item / part.y;
  let within = item % part.y;
  var of_dimension = vec4<u32>();
  for (var n = 0u; n < 4u; n++) {
    let d = word * 4u + n;
    if (d < ${shape.dim}u) {
      of_dimension[n] = source[((block * ${shape.dim}u + d) * part.y + within) >> 2u];
    }
  }
  for (var n = 0u; n < 4u; n++) {
    let bytes = ((of_dimension >> vec4(8u * n)) & vec4(0xffu)) << vec4(0u, 8u, 16u, 24u);
    codes[(part.x + item + n) * ${words}u + word] = bytes.x | bytes.y | bytes.z | bytes.w;
  }`)}`;
}

/**
 * From bitmaps by row, their bytes in the order of ONNX Runtime's machine
 * (eligibility/bitmap-layout.ts), to those by cluster, row and position.
 *
 * Bindings: 0 source u32 [rows, words of a row], 1 bitmaps u32 [clusters, all rows, words], 2 part
 * (uniform): first cluster, clusters, first row, rows. Workgroups: a thread a word.
 * @param blockWords 64-bit words of a block of the source.
 * @param rowWords 64-bit words of a row of the source.
 */
export function placeBitmapsKernel(
  shape: Pick<SearchShape, "width" | "bitmapRows">,
  { blockWords, rowWords }: { readonly blockWords: number; readonly rowWords: number },
): string {
  const words = clusterWords(shape);
  return /* wgsl */ `
@group(0) @binding(0) var<storage, read> source: array<u32>;
@group(0) @binding(1) var<storage, read_write> bitmaps: array<u32>;
@group(0) @binding(2) var<uniform> part: vec4<u32>;

fn byte_at(row: u32, byte: u32) -> u32 {
  if (byte >= ${rowWords * 8}u) { return 0u; }
  let block = byte / ${blockWords * 8}u;
  let within = byte % ${blockWords * 8}u;
  let plane = within / ${blockWords}u;
  let word = block * ${blockWords}u + within % ${blockWords}u;
  let at = row * ${rowWords * 8}u + word * 8u + plane;
  return (source[at >> 2u] >> (8u * (at & 3u))) & 0xffu;
}
${main(/* wgsl */ `
  let word = at % ${words}u;
  let row = at / ${words}u % part.w;
  let cluster = at / ${words}u / part.w;
  if (cluster >= part.y) { return; }
  let first_byte = ((part.x + cluster) * ${words}u + word) * 4u;
  var bits = 0u;
  for (var byte = 0u; byte < 4u; byte++) { bits |= byte_at(row, first_byte + byte) << (8u * byte); }
  bitmaps[(cluster * ${shape.bitmapRows}u + part.z + row) * ${words}u + word] = bits;`)}`;
}

/**
 * From cells by row to cells by position.
 *
 * Bindings: 0 source i32 [rows, cells], 1 positions u32 [rows] of these, 2 target i32 [positions,
 * cells], 3 part (uniform): first position, positions, rows. Workgroups: a thread a cell.
 */
export function placeCellsKernel({ cells }: Pick<SearchShape, "cells">): string {
  return /* wgsl */ `
@group(0) @binding(0) var<storage, read> source: array<i32>;
@group(0) @binding(1) var<storage, read> positions: array<u32>;
@group(0) @binding(2) var<storage, read_write> placed: array<i32>;
@group(0) @binding(3) var<uniform> part: vec4<u32>;
${main(/* wgsl */ `
  let row = at / ${cells}u;
  if (row >= part.z) { return; }
  let position = positions[row];
  if (position < part.x || position - part.x >= part.y) { return; }
  placed[(position - part.x) * ${cells}u + at % ${cells}u] = source[at];`)}`;
}
