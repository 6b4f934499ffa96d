import { codeVectors, type SearchShape } from "./search-shape.ts";

/** Vectors of an item that a thread holds in registers; longer items are read again a query. */
const HELD_VECTORS = 16;

/** WGSL to score an item of `codes: array<vec4<u32>>` with a query. */
export interface ScoringText {
  /** Loads the item whose first vector is `at`, once. */
  readonly load: (at: string) => string;
  /** Adds to `sum: i32` the products with the query, whose first vector is `query`. */
  readonly add: (query: string) => string;
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
  if (held) {
    return {
      load: (at) => each((vector) => `let item${vector} = codes[${at} + ${vector}u];`),
      add: (query) =>
        each((vector) => product(`item${vector}`, `${queries}[${query} + ${vector}u]`)),
    };
  }
  return {
    load: (at) => `let item_at = ${at};`,
    add: (query) =>
      `for (var vector = 0u; vector < ${vectors}u; vector++) ` +
      product("codes[item_at + vector]", `${queries}[${query} + vector]`),
  };
}
