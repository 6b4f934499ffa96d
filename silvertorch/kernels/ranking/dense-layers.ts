import { activationWidth, layerLoops, ROWS, type PackedLayer } from "./layer-loops.ts";

const THREADS = 128;

export interface DenseLayersShape {
  readonly layers: readonly PackedLayer[];
  /** Floats from one row of the target to the next, and where in it the outcome begins. */
  readonly target: { readonly stride: number; readonly at: number };
}

/**
 * Layers of weights over rows: user towers, and the user's side of an OverArch. A workgroup takes
 * 4 rows through all layers, each weight read once for the four: rows / 4 x weights x 4 bytes of
 * (mostly cached) reads and rows x weights multiply-adds; a batch of 256 through 64-128-256 is
 * 10 M of them, so it is the launch that costs.
 *
 * Bindings: 0 params u32 [rows, ...], 1 weights f32, 2 source f32 [rows, inDim], 3 target f32.
 * Workgroups: ceil(rows / 4).
 */
export function denseLayersKernel({ layers, target }: DenseLayersShape): string {
  const inDim = layers[0]!.inDim;
  const width = activationWidth(layers, inDim);
  return /* wgsl */ `
@group(0) @binding(0) var<storage, read> params: array<u32>;
@group(0) @binding(1) var<storage, read> weights: array<f32>;
@group(0) @binding(2) var<storage, read> source: array<f32>;
@group(0) @binding(3) var<storage, read_write> outcome: array<f32>;

var<workgroup> even: array<vec4<f32>, ${width}>;
var<workgroup> odd: array<vec4<f32>, ${width}>;

@compute @workgroup_size(${THREADS})
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let rows = params[0];
  let first = group.x * ${ROWS}u;
  for (var i = thread; i < ${inDim}u; i += ${THREADS}u) {
    var row = vec4<f32>(0.0);
    for (var r = 0u; r < ${ROWS}u; r++) {
      if (first + r < rows) { row[r] = source[(first + r) * ${inDim}u + i]; }
    }
    even[i] = row;
  }
  ${layerLoops({
    layers,
    threads: THREADS,
    activations: ["even", "odd"],
    store: /* wgsl */ `
    for (var r = 0u; r < ${ROWS}u; r++) {
      if (first + r < rows) {
        outcome[(first + r) * ${target.stride}u + ${target.at}u + o] = sum[r];
      }
    }`,
  })}
}
`;
}

/** Workgroups for so many rows. */
export const denseLayersGroups = (rows: number): number => Math.ceil(rows / ROWS);
