import type { BoundFormula } from "../../../src/retrieval/formula/bind.ts";
import { FORMULA_ARITHMETIC } from "./formula-arithmetic.ts";
import { formulaFunction } from "./formula-function.ts";
import { HALF_QUAD, type ItemRecord } from "./item-record.ts";

/** What every kernel that gives candidates their values is made for. */
export interface ValuesShape {
  readonly formula: BoundFormula;
  readonly tasks: number;
  readonly record: ItemRecord;
  /** Chunks that the records lie in: a dispatch each. */
  readonly chunks: number;
}

/**
 * WGSL of those kernels' common part: bindings, formula, and how a tile of a request's candidates
 * is found.
 *
 * Bindings: 0 params u32 [requests, width], 1 chunk u32 [number, first row], 2 bounds u32
 * [requests, chunks + 1], 3 rows u32 and 4 scores f32 [requests, width], 5 records vec4<u32>
 * [items of the chunk, words / 4], 6 values f32 [requests, width]; those of an OverArch follow.
 */
export function valuesPreamble({ formula, tasks, record, chunks }: ValuesShape): string {
  return /* wgsl */ `
@group(0) @binding(0) var<storage, read> params: array<u32>;
@group(0) @binding(1) var<storage, read> chunk: array<u32>;
@group(0) @binding(2) var<storage, read> bounds: array<u32>;
@group(0) @binding(3) var<storage, read> rows: array<u32>;
@group(0) @binding(4) var<storage, read> scores: array<f32>;
@group(0) @binding(5) var<storage, read> records: array<vec4<u32>>;
@group(0) @binding(6) var<storage, read_write> values: array<f32>;

${FORMULA_ARITHMETIC}
${HALF_QUAD}
${formulaFunction(formula, { record: record.attributes, tasks })}

/** Where a request's candidates of this chunk begin, and where they end. */
fn first_of(request: u32) -> u32 { return bounds[request * ${chunks + 1}u + chunk[0]]; }
fn end_of(request: u32) -> u32 { return bounds[request * ${chunks + 1}u + chunk[0] + 1u]; }

/** Where a row's record begins. */
fn record_of(row: u32) -> u32 { return (row - chunk[1]) * ${record.words / 4}u; }
`;
}

const THREADS = 64;

/**
 * The values of candidates where there is no OverArch: the formula alone. Reads a record of a few
 * words a candidate, and 8 bytes beside it.
 *
 * Bindings: `valuesPreamble`. Workgroups: (tiles of 64 candidates, requests).
 */
export function formulaValuesKernel(shape: ValuesShape): string {
  return /* wgsl */ `
${valuesPreamble({ ...shape, tasks: 0 })}

@compute @workgroup_size(${THREADS})
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  // Bound, whether the formula reads it or not.
  _ = &records;
  let place = first_of(group.y) + group.x * ${THREADS}u + thread;
  if (place >= end_of(group.y)) { return; }
  let at = group.y * params[1] + place;
  values[at] = ranking_value(formula(scores[at], record_of(rows[at])));
}
`;
}

/** Candidates of a workgroup of `formulaValuesKernel`. */
export const FORMULA_TILE = THREADS;
