import type { BoundFormula } from "../../../src/retrieval/formula/bind.ts";
import { FORMULA_ARITHMETIC } from "./formula-arithmetic.ts";
import { formulaFunction } from "./formula-function.ts";
import { HALF_QUAD, type ItemRecord } from "./item-record.ts";
import { unrolled } from "./loops.ts";

/** What every kernel that gives candidates their values is made for. */
export interface ValuesShape {
  readonly formula: BoundFormula;
  readonly tasks: number;
  readonly record: ItemRecord;
  readonly records: RecordChunks;
}

/** How the records of all items lie in buffers. */
export interface RecordChunks {
  readonly chunks: number;
  readonly itemsOfChunk: number;
  /** The row from which on items are fresh, and lie in the last chunk; absent: there are none. */
  readonly freshFrom?: number;
  /** Chunks that a dispatch sees: all, if that many can be bound. */
  readonly bound: number;
}

/** Storage buffers that these kernels bind beside the chunks of records, at most. */
export const OTHER_BUFFERS = 7;

/** Bindings before those of an OverArch. */
const COMMON_BINDINGS = 6;
/** Binding of the first that an OverArch has of its own, among `records`. */
export const ownBinding = ({ bound }: RecordChunks, nth: number): number =>
  COMMON_BINDINGS + bound + nth;

/**
 * WGSL of those kernels' common part: bindings, formula, and how a tile of a request's candidates
 * is found. A tile lies in one chunk of the records.
 *
 * Bindings: 0 params u32 [requests, width], 1 the first chunk u32, both uniform; 2 bounds u32
 * [requests, chunks + 1], 3 rows u32 and 4 scores f32 [requests, width], 5 values f32 [requests,
 * width], 6.. records vec4<u32> [items of the chunk, words / 4], a binding a chunk; those of an
 * OverArch follow. Workgroups: (tiles, requests), see `valuesTiles`.
 */
export function valuesPreamble({ formula, tasks, record, records }: ValuesShape): string {
  const { chunks, itemsOfChunk, freshFrom, bound } = records;
  const inOrder = `chunk * ${itemsOfChunk}u`;
  const firstRow =
    freshFrom === undefined
      ? inOrder
      : `select(${inOrder}, ${freshFrom}u, chunk == ${chunks - 1}u)`;
  return /* wgsl */ `
@group(0) @binding(0) var<uniform> params: vec2<u32>;
@group(0) @binding(1) var<uniform> first_chunk: u32;
@group(0) @binding(2) var<storage, read> bounds: array<u32>;
@group(0) @binding(3) var<storage, read> rows: array<u32>;
@group(0) @binding(4) var<storage, read> scores: array<f32>;
@group(0) @binding(5) var<storage, read_write> values: array<f32>;
${unrolled(bound, (at) => `@group(0) @binding(${COMMON_BINDINGS + at}) var<storage, read> records${at}: array<vec4<u32>>;`)}

/** Which of the bound chunks the tile lies in. */
var<private> slot: u32;

fn record_quad(at: u32) -> vec4<u32> {
  ${ofChunk(records, (buffer) => `return ${buffer}[at];`)}
}

${FORMULA_ARITHMETIC}
${HALF_QUAD}
${formulaFunction(formula, { record: record.attributes, tasks })}

struct Tile { chunk: u32, first: u32, end: u32 }

/** A tile of so many candidates: its first, and the end of its chunk's; none: both are 0. */
fn tile_of(request: u32, number: u32, size: u32) -> Tile {
  var left = number;
  for (var chunk = first_chunk; chunk < min(first_chunk + ${bound}u, ${chunks}u); chunk++) {
    let first = bounds[request * ${chunks + 1}u + chunk];
    let end = bounds[request * ${chunks + 1}u + chunk + 1u];
    let tiles = (end - first + size - 1u) / size;
    if (left < tiles) { return Tile(chunk, first + left * size, end); }
    left -= tiles;
  }
  return Tile(0u, 0u, 0u);
}

/** Where a row's record begins in its chunk. */
fn record_of(row: u32, chunk: u32) -> u32 {
  return (row - ${firstRow}) * ${record.words / 4}u;
}
`;
}

/** WGSL that does something with the buffer of the tile's chunk. */
export function ofChunk({ bound }: RecordChunks, body: (buffer: string) => string): string {
  if (bound === 1) return body("records0");
  const others = unrolled(bound - 1, (at) => `case ${at + 1}u: { ${body(`records${at + 1}`)} }`);
  return `switch slot {\n${others}\ndefault: { ${body("records0")} }\n}`;
}

/** Tiles of a request that there may be: each chunk's last one may be filled in part. */
export const valuesTiles = (width: number, tile: number, { bound }: RecordChunks): number =>
  Math.ceil(width / tile) + bound - 1;

const THREADS = 64;

/**
 * The values of candidates where there is no OverArch: the formula alone. Reads a record of a few
 * words a candidate, and 8 bytes beside it.
 *
 * Bindings: `valuesPreamble`.
 */
export function formulaValuesKernel(shape: ValuesShape): string {
  return /* wgsl */ `
${valuesPreamble({ ...shape, tasks: 0 })}

@compute @workgroup_size(${THREADS})
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  // Bound, whether the formula reads it or not.
  ${unrolled(shape.records.bound, (at) => `_ = &records${at};`)}
  let tile = tile_of(group.y, group.x, ${THREADS}u);
  if (tile.first + thread >= tile.end) { return; }
  slot = tile.chunk - first_chunk;
  let at = group.y * params.y + tile.first + thread;
  values[at] = ranking_value(formula(scores[at], record_of(rows[at], tile.chunk)));
}
`;
}

/** Candidates of a workgroup of `formulaValuesKernel`. */
export const FORMULA_TILE = THREADS;
