import { NORM_FLOOR } from "../../../src/retrieval/over-arch/mol.ts";
import { LINEAR_WORKGROUP } from "../../device/kernel.ts";

const THREADS = 256;

/**
 * Brings an item's components to the length 1, in place. Reads twice and writes once 4 bytes a
 * dimension.
 *
 * Bindings: 0 components f32 [items x groups, dim], 1 part (uniform): items x groups. Workgroups:
 * linear, a component a thread.
 */
export function itemComponentsKernel(dim: number): string {
  return /* wgsl */ `
@group(0) @binding(0) var<storage, read_write> components: array<f32>;
@group(0) @binding(1) var<uniform> part: vec4<u32>;

@compute @workgroup_size(${THREADS})
fn main(
  @builtin(workgroup_id) workgroup: vec3<u32>,
  @builtin(num_workgroups) grid: vec3<u32>,
  @builtin(local_invocation_index) thread: u32,
) {
  let component = (${LINEAR_WORKGROUP}) * ${THREADS}u + thread;
  if (component >= part.x) { return; }
  let first = component * ${dim}u;
  var sum = 0.0;
  for (var i = 0u; i < ${dim}u; i++) { sum += components[first + i] * components[first + i]; }
  let norm = max(sqrt(sum), ${NORM_FLOOR});
  for (var i = 0u; i < ${dim}u; i++) { components[first + i] /= norm; }
}
`;
}

/** Workgroups for so many components. */
export const componentGroups = (components: number): number => Math.ceil(components / THREADS);
