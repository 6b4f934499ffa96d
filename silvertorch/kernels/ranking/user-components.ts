import { NORM_FLOOR } from "../../../src/retrieval/over-arch/mol.ts";

const THREADS = 64;

export interface UserComponentsShape {
  readonly userGroups: number;
  /** d' */
  readonly dim: number;
  /** Floats of a row of the source; its components come first. */
  readonly stride: number;
  readonly temperature: number;
  /** Vectors of a row of the target; components come first. */
  readonly targetQuads: number;
}

/** Vectors of four that a component of so many dimensions takes, filled up with zeros. */
export const componentQuads = (dim: number): number => Math.ceil(dim / 4);

/**
 * Brings a user's components to the length 1 / temperature, and four dimensions of all of them
 * side by side, as the scoring of candidates reads them. Moves 8 bytes a dimension: nothing.
 *
 * Bindings: 0 source f32 [requests, stride], 1 components vec4 [requests, targetQuads].
 * Workgroups: (requests).
 */
export function userComponentsKernel(shape: UserComponentsShape): string {
  const { userGroups, dim, stride, temperature, targetQuads } = shape;
  const quads = componentQuads(dim);
  return /* wgsl */ `
@group(0) @binding(0) var<storage, read> source: array<f32>;
@group(0) @binding(1) var<storage, read_write> components: array<vec4<f32>>;

@compute @workgroup_size(${THREADS})
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  // A component a thread: there are at most 64.
  if (thread >= ${userGroups}u) { return; }
  let start = group.x * ${stride}u + thread * ${dim}u;
  var sum = 0.0;
  for (var i = 0u; i < ${dim}u; i++) { sum += source[start + i] * source[start + i]; }
  let scale = 1.0 / (max(sqrt(sum), ${NORM_FLOOR}) * ${temperature});
  for (var quad = 0u; quad < ${quads}u; quad++) {
    var part = vec4<f32>(0.0);
    for (var i = 0u; i < 4u; i++) {
      if (quad * 4u + i < ${dim}u) { part[i] = source[start + quad * 4u + i] * scale; }
    }
    components[group.x * ${targetQuads}u + quad * ${userGroups}u + thread] = part;
  }
}
`;
}
