import type { GeneratedItems } from "../../../src/retrieval/generated/generated-items.ts";
import { linearMain } from "../../device/kernel.ts";
import { codeVectors } from "../search/search-shape.ts";
import { itemText } from "./item-text.ts";

const THREADS = 256;

/** Workgroups for so many threads. */
export const generatedGroups = (threads: number): number => Math.ceil(threads / THREADS);

const main = (body: string): string => linearMain(THREADS, body);

/**
 * The codes of generated items, as the scans read them. Writes 4 bytes a thread, for some fifty
 * operations on integers: 10 GB take a card a few hundredths of a second.
 *
 * Bindings: 0 codes u32 [positions of the part, vectors x 4], 1 part (uniform): first position,
 * positions. Workgroups: a thread a word.
 */
export function generatedCodesKernel(items: GeneratedItems): string {
  const words = codeVectors(items) * 4;
  return /* wgsl */ `
${itemText(items)}
@group(0) @binding(0) var<storage, read_write> codes: array<u32>;
@group(0) @binding(1) var<uniform> part: vec4<u32>;
${main(/* wgsl */ `
  let place = at / ${words}u;
  let word = at % ${words}u;
  if (place >= part.y) { return; }
  var packed = 0u;
  if (word < ${items.dim / 4}u) {
    let bytes = vec4<u32>(codes_of(part.x + place, word)) & vec4<u32>(255u);
    packed = bytes.x | (bytes.y << 8u) | (bytes.z << 16u) | (bytes.w << 24u);
  }
  codes[at] = packed;`)}`;
}

/**
 * What a code of 1 stands for, and the row of each position, which is the position.
 * Bindings: 0 scales f32 and 1 rows u32 [items]. Workgroups: a thread an item.
 */
export function generatedScalesKernel(items: GeneratedItems): string {
  return /* wgsl */ `
${itemText(items)}
@group(0) @binding(0) var<storage, read_write> scales: array<f32>;
@group(0) @binding(1) var<storage, read_write> rows: array<u32>;
${main(/* wgsl */ `
  if (at >= ${items.items}u) { return; }
  scales[at] = scale_of(item_key(at));
  rows[at] = at;`)}`;
}

/**
 * The vectors of neighbouring items.
 * Bindings: 0 vectors f32 [count, dim], 1 part (uniform): first row, count. Workgroups: a thread four
 * dimensions.
 */
export function generatedVectorsKernel(items: GeneratedItems): string {
  const words = items.dim / 4;
  return /* wgsl */ `
${itemText(items)}
@group(0) @binding(0) var<storage, read_write> vectors: array<vec4<f32>>;
@group(0) @binding(1) var<uniform> part: vec4<u32>;
${main(/* wgsl */ `
  if (at >= part.y * ${words}u) { return; }
  let row = part.x + at / ${words}u;
  vectors[at] = vec4<f32>(codes_of(row, at % ${words}u)) * scale_of(item_key(row));`)}`;
}
