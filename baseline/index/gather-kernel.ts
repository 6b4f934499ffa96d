/**
 * WebAssembly modules of one function, written instruction by instruction: V8 has no way to SIMD
 * from JavaScript, and what a kernel does is small enough for it.
 *
 * The function is `gather(rows, count, query, out, table)`: for each of `count` uint32 row numbers
 * at byte address `rows`, one float32 about the row at `table + row * rowBytes` and the query at
 * `query`, written to `out`.
 */
export interface GatherCode {
  readonly rowBytes: number;
  /** Leaves a float32 on the stack. ROW_AT is the row's address, QUERY the query's. */
  readonly score: readonly number[];
}

export function compileGather(gather: GatherCode): WasmModule {
  return new WebAssembly.Module(encodeModule(gather));
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

export interface GatherKernel {
  gather(rows: number, count: number, query: number, out: number, table: number): void;
}

/** @param memory Shared memory that holds the table and the caller's scratch. */
export function instantiateGather(module: WasmModule, memory: WasmMemory): GatherKernel {
  const { exports } = new WebAssembly.Instance(module, { env: { memory } });
  return exports as unknown as GatherKernel;
}

const PAGE_BYTES = 65_536;
/** Most pages a 32-bit memory has; the memory given may have fewer. */
const MAX_PAGES = 65_536;

// Types and instructions of the WebAssembly 2.0 binary format, as far as they are needed.
const I32 = 0x7f;
const V128 = 0x7b;
const FUNCTION = 0x60;
const BLOCK = [0x02, 0x40];
const LOOP = [0x03, 0x40];
const END = [0x0b];
const DROP = [0x1a];
const I32_EQZ = [0x45];
export const I32_ADD = [0x6a];
const I32_MUL = [0x6c];
const ALIGN_4 = 0x02;

export const get = (local: number): number[] => [0x20, local];
export const set = (local: number): number[] => [0x21, local];
export const tee = (local: number): number[] => [0x22, local];
const breakIf = (depth: number): number[] => [0x0d, depth];
export const i32 = (value: number): number[] => [0x41, ...signedLeb(value)];
const loadI32 = [0x28, ALIGN_4, 0];
const storeF32 = [0x38, ALIGN_4, 0];
export const loadV128 = (offset: number): number[] => [0xfd, 0x00, ALIGN_4, ...leb(offset)];

// Locals of gather: its parameters, then our own.
const [ROWS, COUNT, OUT, TABLE] = [0, 1, 3, 4] as const;
export const QUERY = 2;
export const ROW_AT = 5;
/** The first of LANES vectors that a score may use. */
export const SUM = 6;
export const LANES = 4;

function encodeModule(kernel: GatherCode): Uint8Array<ArrayBuffer> {
  const parameters = vector(Array.from({ length: 5 }, () => [I32]));
  const gather = [FUNCTION, ...parameters, 0x00];
  const shared = 0x03;
  const memory = [...name("env"), ...name("memory"), 0x02, shared, ...leb(1), ...leb(MAX_PAGES)];
  const locals = vector([
    [1, I32],
    [LANES, V128],
  ]);
  const body = [...locals, ...gatherBody(kernel)];
  const magicAndVersion = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];
  return Uint8Array.from(
    [
      magicAndVersion,
      section(1, vector([gather])),
      section(2, vector([memory])),
      section(3, vector([[0]])),
      section(7, vector([[...name("gather"), 0x00, 0x00]])),
      section(10, vector([[...leb(body.length), ...body]])),
    ].flat(),
  );
}

function gatherBody({ rowBytes, score }: GatherCode): number[] {
  return code(
    code(BLOCK, get(COUNT), I32_EQZ, breakIf(0), LOOP),
    code(get(ROWS), loadI32, i32(rowBytes), I32_MUL, get(TABLE), I32_ADD, set(ROW_AT)),
    code(get(OUT), score, storeF32),
    code(advance(OUT, 4), DROP, advance(ROWS, 4), DROP),
    code(advance(COUNT, -1), breakIf(0)),
    code(END, END, END),
  );
}

/** Adds to a local and leaves its new value on the stack. */
const advance = (local: number, by: number): number[] =>
  code(get(local), i32(by), I32_ADD, tee(local));

/** Instructions one after the other. */
export function code(...instructions: readonly (readonly number[])[]): number[] {
  return instructions.flat();
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
export function leb(value: number): number[] {
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
