/**
 * The inner-product kernel of the exact scan, as WebAssembly SIMD: V8 has no way to SIMD from
 * JavaScript, and scoring gathered rows is what a mesh does for every selective filter. The module
 * is small enough to be written instruction by instruction; it is unrolled for one dimension.
 *
 * Exports `gather(rows, count, query, out, table)`: for each of `count` uint32 row numbers at byte
 * address `rows`, the inner product of the row at `table + row * stride` with the float32 vector at
 * `query`, written as float32 to `out`. Sums are float32 in four lanes of four.
 *
 * @param stride Floats from row to row and in the query: a multiple of 4, zero-padded.
 */
export function compileDotKernel(stride: number): WasmModule {
  return new WebAssembly.Module(encodeModule(stride));
}

/** Memory that worker threads share: it crosses `postMessage` without a copy. */
export interface WasmMemory {
  readonly buffer: SharedArrayBuffer;
}
export type WasmModule = object;

/** @throws RangeError if the machine does not give that much. */
export function sharedMemory(bytes: number): WasmMemory {
  const pages = Math.ceil(bytes / PAGE_BYTES);
  return new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
}

// TypeScript's own declarations of WebAssembly come only with those of a browser.
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array<ArrayBuffer>) => WasmModule;
  readonly Instance: new (module: WasmModule, imports: object) => { readonly exports: object };
  readonly Memory: new (size: { initial: number; maximum: number; shared: true }) => WasmMemory;
};

export interface DotKernel {
  gather(rows: number, count: number, query: number, out: number, table: number): void;
}

/** @param memory Shared memory that holds the table and the caller's scratch. */
export function instantiateDotKernel(
  module: WasmModule,
  memory: WasmMemory,
): DotKernel {
  const { exports } = new WebAssembly.Instance(module, { env: { memory } });
  return exports as unknown as DotKernel;
}

const PAGE_BYTES = 65_536;
/** Most pages a 32-bit memory has; the memory given may have fewer. */
const MAX_PAGES = 65_536;

// Opcodes and types of the WebAssembly 2.0 binary format.
const I32 = 0x7f;
const V128 = 0x7b;
const LOOP = [0x03, 0x40];
const BLOCK = [0x02, 0x40];
const END = 0x0b;
const BR_IF = 0x0d;
const I32_LOAD = 0x28;
const F32_STORE = 0x38;
const F32_ADD = 0x92;
const I32_CONST = 0x41;
const I32_EQZ = 0x45;
const I32_ADD = 0x6a;
const I32_MUL = 0x6c;
const V128_LOAD = [0xfd, 0x00];
const F32X4_EXTRACT = [0xfd, 0x1f];
const F32X4_ADD = [0xfd, 0xe4, 0x01];
const F32X4_MUL = [0xfd, 0xe6, 0x01];
const ALIGN_4 = 0x02;

const get = (local: number): number[] => [0x20, local];
const set = (local: number): number[] => [0x21, local];
const tee = (local: number): number[] => [0x22, local];

// Locals of gather: its parameters, then our own.
const [ROWS, COUNT, QUERY, OUT, TABLE, ROW_AT, SUM] = [0, 1, 2, 3, 4, 5, 6] as const;
const LANES = 4;

function encodeModule(stride: number): Uint8Array<ArrayBuffer> {
  const type = vector([[0x60, ...vector(Array.from({ length: 5 }, () => [I32])), 0x00]]);
  const shared = 0x03;
  const memory = [...name("env"), ...name("memory"), 0x02, shared, ...leb(1), ...leb(MAX_PAGES)];
  const body = [...vector([[1, I32], [LANES, V128]]), ...gatherBody(stride), END];
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
    ...section(1, type),
    ...section(2, vector([memory])),
    ...section(3, vector([[0]])),
    ...section(7, vector([[...name("gather"), 0x00, 0x00]])),
    ...section(10, vector([[...leb(body.length), ...body]])),
  ]);
}

function gatherBody(stride: number): number[] {
  const product = (word: number): number[] => [
    ...[...get(ROW_AT), ...V128_LOAD, ALIGN_4, ...leb(word * 16)],
    ...[...get(QUERY), ...V128_LOAD, ALIGN_4, ...leb(word * 16)],
    ...F32X4_MUL,
  ];
  const words = stride / 4;
  const lanes = Math.min(LANES, words);
  const sums = Array.from({ length: words }, (_, word) => {
    const sum = SUM + (word % LANES);
    return word < LANES
      ? [...product(word), ...set(sum)]
      : [...get(sum), ...product(word), ...F32X4_ADD, ...set(sum)];
  });
  const total = Array.from({ length: lanes }, (_, lane) =>
    lane === 0 ? get(SUM) : [...get(SUM + lane), ...F32X4_ADD],
  );
  const across = [0, 1, 2, 3].map((lane) => [
    ...[...get(SUM), ...F32X4_EXTRACT, lane],
    ...(lane === 0 ? [] : [F32_ADD]),
  ]);
  const advance = (local: number, by: number): number[] => [
    ...[...get(local), I32_CONST, ...signedLeb(by), I32_ADD, ...tee(local)],
  ];
  return [
    ...BLOCK,
    ...[...get(COUNT), I32_EQZ, BR_IF, 0],
    ...LOOP,
    ...[...get(ROWS), I32_LOAD, ALIGN_4, 0, I32_CONST, ...signedLeb(stride * 4), I32_MUL],
    ...[...get(TABLE), I32_ADD, ...set(ROW_AT)],
    ...sums.flat(),
    ...[...total.flat(), ...set(SUM)],
    ...[...get(OUT), ...across.flat(), F32_STORE, ALIGN_4, 0],
    ...[...advance(OUT, 4), 0x1a, ...advance(ROWS, 4), 0x1a], // 0x1a: drop
    ...[...advance(COUNT, -1), BR_IF, 0],
    END,
    END,
  ];
}

function section(id: number, content: readonly number[]): number[] {
  return [id, ...leb(content.length), ...content];
}

function vector(entries: readonly (readonly number[])[]): number[] {
  return [...leb(entries.length), ...entries.flat()];
}

function name(text: string): number[] {
  return [...leb(text.length), ...Buffer.from(text, "ascii")];
}

/** Unsigned LEB128. */
function leb(value: number): number[] {
  const bytes = [];
  let rest = value;
  while (rest >= 0x80) {
    bytes.push((rest & 0x7f) | 0x80);
    rest = Math.floor(rest / 0x80);
  }
  return [...bytes, rest];
}

/** Signed LEB128. */
function signedLeb(value: number): number[] {
  const bytes = [];
  let rest = value;
  while (rest < -0x40 || rest >= 0x40) {
    bytes.push((rest & 0x7f) | 0x80);
    rest >>= 7;
  }
  return [...bytes, rest & 0x7f];
}
