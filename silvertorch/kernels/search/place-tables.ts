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
  const isThere = (n: number): string =>
    shape.dim === 4 * words ? "" : `if (word * 4u + ${n}u < ${shape.dim}u) `;
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
  let first = (block * ${shape.dim}u + word * 4u) * part.y + within;
  var of_dimension = vec4<u32>();
  ${COMPONENTS.map((c, n) => `${isThere(n)}{ of_dimension.${c} = source[(first + ${n}u * part.y) >> 2u]; }`).join("\n  ")}
  let to = (part.x + item) * ${words}u + word;
  ${COMPONENTS.map((_, n) => `codes[to + ${n * words}u] = byte_of_each(of_dimension, ${8 * n}u);`).join("\n  ")}`)}
/** A byte of each word, side by side. */
fn byte_of_each(words: vec4<u32>, shift: u32) -> u32 {
  let bytes = ((words >> vec4<u32>(shift)) & vec4<u32>(0xffu)) << vec4<u32>(0u, 8u, 16u, 24u);
  return bytes.x | bytes.y | bytes.z | bytes.w;
}`;
}

const COMPONENTS = ["x", "y", "z", "w"] as const;

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

${main(/* wgsl */ `
  let of_row = at / ${words}u;
  let word = at - of_row * ${words}u;
  let cluster = of_row / part.w;
  let row = of_row - cluster * part.w;
  if (cluster >= part.y) { return; }
  let first = ((part.x + cluster) * ${words}u + word) * 4u;
  // Where its bytes stand in the source: block, byte of a word, word; one after the other.
  var block = first / ${blockWords * 8}u;
  let within = first - block * ${blockWords * 8}u;
  var plane = within / ${blockWords}u;
  var from_word = within - plane * ${blockWords}u;
  var bits = 0u;
  for (var byte = 0u; byte < 4u; byte++) {
    if (first + byte < ${rowWords * 8}u) {
      let source_word = row * ${rowWords}u + block * ${blockWords}u + from_word;
      let half = source[source_word * 2u + (plane >> 2u)];
      bits |= ((half >> (8u * (plane & 3u))) & 0xffu) << (8u * byte);
    }
    from_word++;
    if (from_word == ${blockWords}u) {
      from_word = 0u;
      plane = (plane + 1u) & 7u;
      if (plane == 0u) { block++; }
    }
  }
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
