import { BATCH_WORDS } from "./batch-words.ts";
import type { SearchShape } from "./search-shape.ts";

const THREADS = 64;

/**
 * Positions of the rows that requests exclude.
 *
 * Bindings: 0 batch, 1 excluded u32 [rows that are excluded], 2 positions u32 [rows] where rows have
 * positions. Workgroups: `locateGroups`.
 */
export function locateExcludedKernel({ hasPositions }: Pick<SearchShape, "hasPositions">): string {
  return /* wgsl */ `
${BATCH_WORDS}
@group(0) @binding(1) var<storage, read_write> excluded: array<u32>;
${hasPositions ? "@group(0) @binding(2) var<storage, read> positions: array<u32>;" : ""}
@compute @workgroup_size(${THREADS})
fn main(@builtin(global_invocation_id) at: vec3<u32>, @builtin(num_workgroups) grid: vec3<u32>) {
  for (var n = at.x; n < excludedCount(); n += grid.x * ${THREADS}u) {
    let row = batch[excludedRows() + n];
    excluded[n] = ${hasPositions ? "positions[row]" : "row"};
  }
}
`;
}

/** A grid that takes what is beyond it in turns. */
export const locateGroups = (excluded: number): number =>
  Math.min(4096, Math.ceil(excluded / THREADS));
