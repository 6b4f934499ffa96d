import {
  advance,
  code,
  compileFunction,
  get,
  i32,
  I32_ADD,
  I32_MUL,
  instantiate,
  loadI32,
  repeat,
  set,
  storeF32,
  type WasmMemory,
  type WasmModule,
} from "./wasm-module.ts";

/**
 * What `gather(rows, count, query, out, table)` writes: for each of `count` uint32 row numbers at
 * byte address `rows`, one float32 about the row at `table + row * rowBytes` and the query at
 * `query`, written to `out`.
 */
export interface GatherCode {
  readonly rowBytes: number;
  /** Leaves a float32 on the stack. ROW_AT is the row's address, QUERY the query's. */
  readonly score: readonly number[];
}

export interface GatherKernel {
  gather(rows: number, count: number, query: number, out: number, table: number): void;
}

export function compileGather({ rowBytes, score }: GatherCode): WasmModule {
  const rowAt = code(get(ROWS), loadI32, i32(rowBytes), I32_MUL, get(TABLE), I32_ADD);
  const write = code(get(OUT), score, storeF32);
  const body = code(rowAt, set(ROW_AT), write, advance(OUT, 4), advance(ROWS, 4));
  const sizes = { parameters: 5, numbers: 1, vectors: LANES };
  return compileFunction({ name: "gather", ...sizes, body: repeat(COUNT, body) });
}

/** @param memory Shared memory that holds the table and the caller's scratch. */
export function instantiateGather(module: WasmModule, memory: WasmMemory): GatherKernel {
  return instantiate(module, memory) as GatherKernel;
}

// Locals of gather: its parameters, then our own.
const [ROWS, COUNT, OUT, TABLE] = [0, 1, 3, 4] as const;
export const QUERY = 2;
export const ROW_AT = 5;
/** The first of LANES vectors that a score may use. */
export const SUM = 6;
export const LANES = 4;
