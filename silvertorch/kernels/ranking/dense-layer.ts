import { unrolled } from "./loops.ts";

const THREADS = 64;
/** Rows that a workgroup takes together: each weight read serves all of them. */
const ROWS = 8;
/** Inputs that lie in workgroup memory at a time: 2 KB. */
const TILE = 64;
/** Weights that are on their way at once. */
const AHEAD = 8;

/** A layer of weights, or several of the same shape side by side. */
export interface DenseLayerShape {
  readonly inDim: number;
  readonly outDim: number;
  /** First word, in the buffer of weights, of float32 [layers, inDim, outDim]. */
  readonly weightsAt: number;
  /** First word of float32 [layers, outDim]. */
  readonly biasAt: number;
  /** Outputs from this one on have a ReLU: 0 for all, outDim for none. */
  readonly reluFrom: number;
  /** Layers side by side; each reads inputs of its own behind the last one's. */
  readonly layers: number;
  readonly source: RowLayout;
  readonly target: RowLayout;
}

/** Where in a buffer of rows the numbers lie: float32 [rows, stride], from `at` of each row on. */
export interface RowLayout {
  readonly stride: number;
  readonly at: number;
}

/**
 * A layer over rows: of a user tower, or of the user's side of an OverArch.
 *
 * Moves layers x weights x 4 bytes for every 8 rows (from the cache, but for the first time) and
 * does rows x layers x weights multiply-adds: 8 for each weight read. A batch of 256 through
 * 64-128-256 is 10 M of them, a microsecond's worth: it is the launch that costs.
 *
 * Bindings: 0 params u32 [rows], 1 weights f32, 2 source f32, 3 target f32.
 * Workgroups: `denseLayerGrid`.
 */
export function denseLayerKernel(shape: DenseLayerShape): string {
  const { inDim, outDim, weightsAt, biasAt, reluFrom, source, target } = shape;
  return /* wgsl */ `
@group(0) @binding(0) var<storage, read> params: array<u32>;
@group(0) @binding(1) var<storage, read> weights: array<f32>;
@group(0) @binding(2) var<storage, read> source: array<f32>;
@group(0) @binding(3) var<storage, read_write> outcome: array<f32>;

var<workgroup> inputs: array<vec4<f32>, ${2 * TILE}>;

fn input(row: u32, at: u32) -> f32 {
  if (row >= params[0] || at == ${2 ** 31}u) { return 0.0; }
  return source[row * ${source.stride}u + ${source.at}u + at];
}

@compute @workgroup_size(${THREADS})
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let row = group.y * ${ROWS}u;
  let layer = group.z;
  let o = group.x * ${THREADS}u + thread;
  let column = layer * ${inDim * outDim}u + ${weightsAt}u + min(o, ${outDim - 1}u);
  var low = vec4<f32>(weights[${biasAt}u + layer * ${outDim}u + min(o, ${outDim - 1}u)]);
  var high = low;
  for (var start = 0u; start < ${inDim}u; start += ${TILE}u) {
    let count = min(${TILE}u, ${inDim}u - start);
    workgroupBarrier();
    for (var i = thread; i < ${TILE}u; i += ${THREADS}u) {
      // Beyond the last input there are zeros.
      let at = select(${2 ** 31}u, layer * ${inDim}u + start + i, i < count);
      inputs[2u * i] = vec4(input(row, at), input(row + 1u, at), input(row + 2u, at), input(row + 3u, at));
      inputs[2u * i + 1u] = vec4(input(row + 4u, at), input(row + 5u, at), input(row + 6u, at), input(row + 7u, at));
    }
    workgroupBarrier();
    for (var i = 0u; i < count; i += ${AHEAD}u) {
      ${unrolled(AHEAD, (n) => `let weight${n} = weights[column + min(start + i + ${n}u, ${inDim - 1}u) * ${outDim}u];`)}
      ${unrolled(
        AHEAD,
        (n) => `
      low += weight${n} * inputs[2u * (i + ${n}u)];
      high += weight${n} * inputs[2u * (i + ${n}u) + 1u];`,
      )}
    }
  }
  if (o >= ${outDim}u) { return; }
  if (o >= ${reluFrom}u) {
    low = max(low, vec4<f32>(0.0));
    high = max(high, vec4<f32>(0.0));
  }
  let at = ${target.at}u + layer * ${outDim}u + o;
  for (var r = 0u; r < ${ROWS}u && row + r < params[0]; r++) {
    outcome[(row + r) * ${target.stride}u + at] = select(high[r & 3u], low[r & 3u], r < 4u);
  }
}
`;
}

/** Workgroups for so many rows. */
export function denseLayerGrid(
  { outDim, layers }: DenseLayerShape,
  rows: number,
): readonly [x: number, y: number, z: number] {
  return [Math.ceil(outDim / THREADS), Math.ceil(rows / ROWS), layers];
}
