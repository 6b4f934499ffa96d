import {
  advance,
  code,
  compileFunction,
  F32X4_ADD,
  F32X4_MUL,
  get,
  instantiate,
  loadV128,
  repeat,
  set,
  shuffle,
  storeV128,
  type WasmMemory,
  type WasmModule,
} from "./wasm-module.ts";

/** Queries of one call: a row is read once for all of them. */
export const QUERIES = 4;

export interface ProductsKernel {
  /**
   * Inner products of rows that lie one behind the other with QUERIES queries that do, too.
   * @param out Where QUERIES float32 a row go, row after row.
   */
  products(rows: number, count: number, queries: number, out: number): void;
}

/**
 * The kernel is unrolled for one dimension. Sums are float32, in four lanes.
 * @param stride Floats from row to row and from query to query: a multiple of 4, zero-padded.
 */
export function compileProducts(stride: number): WasmModule {
  const words = Array.from({ length: stride / 4 }, (_, word) => wordOf(stride, word));
  const write = code(get(OUT), sumsAcross(), storeV128);
  const body = code(...words, write, advance(OUT, QUERIES * 4), advance(ROWS, stride * 4));
  const sizes = { parameters: 4, numbers: 0, vectors: 1 + QUERIES };
  return compileFunction({ name: "products", ...sizes, body: repeat(COUNT, body) });
}

/** @param memory Shared memory that holds rows, queries and what is written. */
export function instantiateProducts(module: WasmModule, memory: WasmMemory): ProductsKernel {
  return instantiate(module, memory) as ProductsKernel;
}

// Locals of products: its parameters, then our own.
const [ROWS, COUNT, QUERY, OUT] = [0, 1, 2, 3] as const;
/** Four floats of the row. */
const WORD = 4;
/** Each query's own sums. */
const sumOf = (query: number): number => 5 + query;

/** Adds the products of four floats of the row with those of each query to its sums. */
function wordOf(stride: number, word: number): number[] {
  const load = code(get(ROWS), loadV128(word * 16), set(WORD));
  const terms = Array.from({ length: QUERIES }, (_, query) => {
    const other = code(get(QUERY), loadV128((query * stride + word * 4) * 4));
    const product = code(get(WORD), other, F32X4_MUL);
    const sum = sumOf(query);
    return code(word === 0 ? product : code(get(sum), product, F32X4_ADD), set(sum));
  });
  return code(load, ...terms);
}

/** One vector: each query's four lanes added up. */
function sumsAcross(): number[] {
  // Lanes 0 and 2, and lanes 1 and 3, of two queries beside each other, in the first one's place.
  const halve = (first: number): number[] => {
    const both = code(get(sumOf(first)), get(sumOf(first + 1)));
    const halves = code(both, shuffle(0, 4, 1, 5), both, shuffle(2, 6, 3, 7), F32X4_ADD);
    return code(halves, set(sumOf(first)));
  };
  const all = code(get(sumOf(0)), get(sumOf(2)));
  const sums = code(all, shuffle(0, 1, 4, 5), all, shuffle(2, 3, 6, 7), F32X4_ADD);
  return code(halve(0), halve(2), sums);
}
