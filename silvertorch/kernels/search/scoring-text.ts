import { codeVectors, type SearchShape } from "./search-shape.ts";

/** Vectors of an item that a thread holds in registers; longer items are read again a query. */
const HELD_VECTORS = 16;

/** WGSL of what a scan reads to score items: codes of this part, scales of all positions, queries. */
export const SCORING_BINDINGS = /* wgsl */ `
@group(0) @binding(1) var<storage, read> codes: array<vec4<u32>>;
@group(0) @binding(2) var<storage, read> scales: array<f32>;
@group(0) @binding(3) var<storage, read> queries: array<vec4<u32>>;`;

/** Vectors of a query: its codes, and one that holds what a code of 1 stands for. */
export const queryVectors = (shape: Pick<SearchShape, "dim">): number => codeVectors(shape) + 1;

/** WGSL to score an item of `codes` with a query. */
export interface ScoringText {
  /** Loads the item whose first vector is `at`, once. */
  readonly load: (at: string) => string;
  /** Adds to `sum: i32` the products with the query, whose first vector is `query`. */
  readonly add: (query: string) => string;
  /** The score of that sum, by the item's scale. */
  readonly score: (scale: string, query: string) => string;
}

/** @param queries name of the array of vec4<u32> that holds the queries. */
export function scoringText(shape: Pick<SearchShape, "dim">, queries: string): ScoringText {
  const vectors = codeVectors(shape);
  const held = vectors <= HELD_VECTORS;
  const each = (write: (vector: number) => string): string =>
    Array.from({ length: vectors }, (_, vector) => write(vector)).join("\n    ");
  const product = (item: string, query: string): string =>
    `{ let x = ${item}; let y = ${query}; ` +
    `sum += dot4I8Packed(x.x, y.x) + dot4I8Packed(x.y, y.y) + dot4I8Packed(x.z, y.z) + dot4I8Packed(x.w, y.w); }`;
  const score = (scale: string, query: string): string =>
    `(f32(sum) * ${scale} * bitcast<f32>(${queries}[${query} + ${vectors}u].x))`;
  if (held) {
    return {
      score,
      load: (at) => each((vector) => `let item${vector} = codes[${at} + ${vector}u];`),
      add: (query) =>
        each((vector) => product(`item${vector}`, `${queries}[${query} + ${vector}u]`)),
    };
  }
  return {
    score,
    load: (at) => `let item_at = ${at};`,
    add: (query) =>
      `for (var vector = 0u; vector < ${vectors}u; vector++) ` +
      product("codes[item_at + vector]", `${queries}[${query} + vector]`),
  };
}
