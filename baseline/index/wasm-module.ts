// WebAssembly modules of one function, written instruction by instruction: V8 has no way to SIMD
// from JavaScript, and what a kernel does is small enough for it. The encoding is that of the
// WebAssembly 2.0 binary format, as far as it is needed.

/** A function that returns nothing, over memory that threads share. */
export interface WasmFunction {
  readonly name: string;
  /** So many int32; they are the first locals. */
  readonly parameters: number;
  /** Further locals: so many int32, then so many vectors. */
  readonly numbers: number;
  readonly vectors: number;
  readonly body: readonly number[];
}

/** Memory that worker threads share: it crosses `postMessage` without a copy. */
export interface WasmMemory {
  readonly buffer: SharedArrayBuffer;
}
export type WasmModule = object;

// TypeScript's own declarations of WebAssembly come only with those of a browser.
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array<ArrayBuffer>) => WasmModule;
  readonly Instance: new (module: WasmModule, imports: object) => { readonly exports: object };
  readonly Memory: new (size: { initial: number; maximum: number; shared: true }) => WasmMemory;
};

export function compileFunction(source: WasmFunction): WasmModule {
  return new WebAssembly.Module(encodeModule(source));
}

/** @returns the module's function, by its name. */
export function instantiate(module: WasmModule, memory: WasmMemory): object {
  return new WebAssembly.Instance(module, { env: { memory } }).exports;
}

/** @throws RangeError if the machine does not give that much. */
export function sharedMemory(bytes: number): WasmMemory {
  const pages = Math.ceil(bytes / PAGE_BYTES);
  return new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
}

const PAGE_BYTES = 65_536;
/** Most pages a 32-bit memory has; the memory given may have fewer. */
const MAX_PAGES = 65_536;

const I32 = 0x7f;
const V128 = 0x7b;
const FUNCTION = 0x60;
const BLOCK = [0x02, 0x40];
const LOOP = [0x03, 0x40];
const END = [0x0b];
const I32_EQZ = [0x45];
const ALIGN_4 = 0x02;
export const I32_ADD = [0x6a];
export const I32_MUL = [0x6c];
export const F32X4_ADD = [0xfd, 0xe4, 0x01];
export const F32X4_MUL = [0xfd, 0xe6, 0x01];

export const get = (local: number): number[] => [0x20, local];
export const set = (local: number): number[] => [0x21, local];
const tee = (local: number): number[] => [0x22, local];
const breakIf = (depth: number): number[] => [0x0d, depth];
export const i32 = (value: number): number[] => [0x41, ...signedLeb(value)];
export const loadI32 = [0x28, ALIGN_4, 0];
export const storeF32 = [0x38, ALIGN_4, 0];
export const loadV128 = (offset: number): number[] => [0xfd, 0x00, ALIGN_4, ...leb(offset)];
export const storeV128 = [0xfd, 0x0b, ALIGN_4, 0];
/** Four 32-bit lanes of the two vectors on the stack: 0 to 3 are the first one's. */
export const shuffle = (...lanes: readonly number[]): number[] => [
  0xfd,
  0x0d,
  ...lanes.flatMap((lane) => [0, 1, 2, 3].map((byte) => lane * 4 + byte)),
];

/** Adds to a local. */
export const advance = (local: number, by: number): number[] =>
  code(get(local), i32(by), I32_ADD, set(local));

/** Does it `count` times; the local counts down to 0. */
export function repeat(count: number, body: readonly number[]): number[] {
  const isLast = code(get(count), i32(-1), I32_ADD, tee(count));
  return code(
    code(BLOCK, get(count), I32_EQZ, breakIf(0)),
    code(LOOP, body, isLast, breakIf(0), END, END),
  );
}

/** Instructions one after the other. */
export function code(...instructions: readonly (readonly number[])[]): number[] {
  return instructions.flat();
}

function encodeModule(source: WasmFunction): Uint8Array<ArrayBuffer> {
  const { name, parameters, numbers, vectors } = source;
  const taken = vector(Array.from({ length: parameters }, () => [I32]));
  const type = [FUNCTION, ...taken, 0x00];
  const shared = 0x03;
  const memory = [...text("env"), ...text("memory"), 0x02, shared, ...leb(1), ...leb(MAX_PAGES)];
  const locals = vector([
    [...leb(numbers), I32],
    [...leb(vectors), V128],
  ]);
  const body = [...locals, ...source.body, ...END];
  const magicAndVersion = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];
  return Uint8Array.from(
    [
      magicAndVersion,
      section(1, vector([type])),
      section(2, vector([memory])),
      section(3, vector([[0]])),
      section(7, vector([[...text(name), 0x00, 0x00]])),
      section(10, vector([[...leb(body.length), ...body]])),
    ].flat(),
  );
}

function section(id: number, content: readonly number[]): number[] {
  return [id, ...leb(content.length), ...content];
}

function vector(entries: readonly (readonly number[])[]): number[] {
  return [...leb(entries.length), ...entries.flat()];
}

function text(ascii: string): number[] {
  return [...leb(ascii.length), ...Buffer.from(ascii, "ascii")];
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
