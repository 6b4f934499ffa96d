import { BATCH_WORDS } from "./batch-words.ts";
import type { SearchShape, WorkOrder } from "./search-shape.ts";

const THREADS = 64;

/**
 * Takes what requests exclude out of the scores of open lists, whose items have a place each. Looks
 * up an excluded position among a list's probes: 4 bytes a probe, from the cache.
 *
 * Bindings: 0 batch, 1 excluded positions u32, 2 probed u32 [lists, probes], of `all` not looked at,
 * 3 keys u32 [lists, probes x width]. Workgroups: open requests x heads.
 */
export function clearExcludedKernel(
  { heads, width }: Pick<SearchShape, "heads" | "width">,
  order: WorkOrder,
): string {
  return /* wgsl */ `
${BATCH_WORDS}
@group(0) @binding(1) var<storage, read> excluded: array<u32>;
@group(0) @binding(2) var<storage, read> probed: array<u32>;
@group(0) @binding(3) var<storage, read_write> keys: array<u32>;

@compute @workgroup_size(${THREADS})
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let first_pair = (group.x * ${heads}u + group.y) * probes();
  let end = batch[excludedOf() + group.x + 1u];
  for (var e = batch[excludedOf() + group.x] + thread; e < end; e += ${THREADS}u) {
    let cluster = excluded[e] / ${width}u;
    let within = excluded[e] % ${width}u;
    ${
      order === "all"
        ? "keys[(first_pair + cluster) * WIDTH + within] = 0u; _ = probed[0];"
        : `for (var pair = first_pair; pair < first_pair + probes(); pair++) {
      if (probed[pair] == cluster) { keys[pair * WIDTH + within] = 0u; }
    }`
    }
  }
}
const WIDTH = ${width}u;
`;
}
