import { ownBinding, valuesPreamble } from "./candidate-values.ts";
import { unrolled } from "./loops.ts";
import { taskLogits } from "./mol-gates.ts";
import { deltas } from "./mol-products.ts";
import {
  hiddenStretch,
  type MolValuesShape,
  pairQuads,
  STAGED,
  userSideQuads,
} from "./mol-shape.ts";

/**
 * OverArch and Value Model for candidates: a mixture of logits (src/retrieval/over-arch/mol.ts has
 * the formulas; pairs lie item component by item component, as in graph/mol.ts).
 *
 * A thread takes a candidate or two from their records to their values. The products of components
 * and the gate stay in its registers; four dimensions of all of an item's components lie side by
 * side, so that a thread has them on their way at once, and those of the user's are read from
 * workgroup memory; the cross gate's weights pass through workgroup memory, a stretch of hidden
 * units at a time.
 *
 * For a candidate with P = P_u P_x pairs it reads the record, (P_x d' + T P) x 4 bytes (half of it
 * in half precision), and does P d' + 2 T P hidden multiply-adds. 8 x 4 x 64 with 128 hidden units
 * and one task: 1.2 KB and 10,240 of them. 256 requests of 2,000 candidates: 0.6 GB and 10.5
 * GFLOP, that is 0.2 ms at 3 TB/s and 0.16 ms at the 67 TFLOP/s of an H100. The cross gate reads 16
 * bytes of workgroup memory for 4 x `perThread` multiply-adds, which allows a quarter of that
 * rate with one candidate a thread, half of it with two. Measured there, over 10M items (npm run
 * bench:ranking): 1.06 ms in float32, 0.52 ms in half precision, 20 TFLOP/s. What it waits for is
 * memory at random: passing records through workgroup memory was slower (1.4 and 0.64 ms).
 *
 * Bindings: `valuesPreamble`, then user sides vec4 [requests, quads x userGroups + tasks x
 * pairQuads]: components, four dimensions of all of them side by side, and gates with the cross
 * gate's last bias, -1e30 where a vector is filled up; and weights vec4.
 */
export function molValuesKernel(shape: MolValuesShape): string {
  const { cross, userGroups, itemGroups } = shape;
  const { threads, perThread } = shape.tiling;
  const quads = pairQuads(userGroups * itemGroups);
  const logits = (c: number): string => cross.map((_, task) => `, logit${task}_${c}`).join("");
  return /* wgsl */ `
${valuesPreamble(shape)}
@group(0) @binding(${ownBinding(shape.records, 0)}) var<storage, read> user_sides: array<vec4<f32>>;
@group(0) @binding(${ownBinding(shape.records, 1)}) var<storage, read> weights: array<vec4<f32>>;

alias Pairs = array<vec4<f32>, ${quads}>;

var<workgroup> staged: array<vec4<f32>, ${STAGED}>;
var<workgroup> staged_bias: array<f32, ${hiddenStretch(shape)}>;

fn sum_of(part: vec4<f32>) -> f32 { return dot(part, vec4<f32>(1.0)); }

@compute @workgroup_size(${threads})
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let request = group.y;
  let tile = tile_of(request, group.x, ${threads * perThread}u);
  if (tile.first >= tile.end) { return; }
  slot = tile.chunk - first_chunk;
  let user = request * ${userSideQuads(shape)}u;
  ${unrolled(
    perThread,
    (c) => `
  let place${c} = tile.first + ${c * threads}u + thread;
  let at${c} = request * params.y + min(place${c}, tile.end - 1u);
  let record${c} = record_of(rows[at${c}], tile.chunk);
  var delta${c}: Pairs;
  var gate${c}: Pairs;`,
  )}
  ${deltas(shape)}
  ${cross.map((gate, task) => taskLogits(shape, task, gate)).join("\n")}
  ${unrolled(
    perThread,
    (c) => `
  if (place${c} < tile.end) {
    values[at${c}] = ranking_value(formula(scores[at${c}], record${c}${logits(c)}));
  }`,
  )}
}
`;
}
