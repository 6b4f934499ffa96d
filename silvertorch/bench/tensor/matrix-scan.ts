import { ORDERED_KEYS } from "../../kernels/search/ordered-keys.ts";
import { MATRIX_WRITINGS } from "./matrix-writing.ts";
import {
  ITEM_VECTORS,
  type Output,
  QUERIES_AT_ONCE,
  QUERY_VECTORS,
  type ScanForm,
} from "./scan-form.ts";

/** Rows and columns of a product, and vectors of 16 dimensions of one step of it: int8 x int8 -> int32. */
const SIDE = 16;
const STEP_VECTORS = 2;
const STEPS = ITEM_VECTORS / STEP_VECTORS;

const SUBGROUPS = 4;
/** Threads of a subgroup: the kernels are for cards where that is so. */
export const LANES = 32;

/** How the kernel holds its matrices. */
export interface MatrixForm {
  /** What the rows of a product are; its columns are the others. */
  readonly rows: "items" | "queries";
  /** Where queries are multiplied from. */
  readonly queriesIn: "storage" | "workgroup";
  /** Matrices of 16 items that a subgroup holds in registers. */
  readonly held: 2 | 4;
  readonly scalesIn: "registers" | "workgroup";
}

/**
 * By products of matrices, which tensor cores do: a subgroup holds its items in registers while the
 * queries pass by, 16 at a time. A matrix cannot be looked into, so sums go through workgroup
 * memory to be scaled. All is read and written as vectors: of words, an H100 reads matrices several
 * times more slowly.
 */
export function matrixScan(form: MatrixForm): ScanForm {
  const { rows, queriesIn, held, scalesIn } = form;
  return {
    name: `matrices, rows of ${rows}, queries in ${queriesIn}, ${held * SIDE} items a subgroup, scales in ${scalesIn}`,
    itemsAGroup: SUBGROUPS * held * SIDE,
    needsMatrices: true,
    code: (output) => matrixKernel(form, output),
  };
}

function matrixKernel({ rows, queriesIn, held, scalesIn }: MatrixForm, output: Output): string {
  const count = (length: number): number[] => Array.from({ length }, (_, at) => at);
  const [tiles, steps] = [count(held), count(STEPS)];
  const items = held * SIDE;
  // A vector or two more, or what is read or written at once would share banks.
  const row = items / 4 + (rows === "queries" && output === "scores" ? 2 : 1);
  const stage = SIDE * row;
  const inWorkgroup = queriesIn === "workgroup";
  const queries = inWorkgroup ? "held_queries" : "queries";
  const heldVectors = QUERIES_AT_ONCE * QUERY_VECTORS;
  const start = inWorkgroup ? `base % ${QUERIES_AT_ONCE}u` : "base";
  const stepOf = `bitcast<f32>(${queries}[(${start} + query) * ${QUERY_VECTORS}u + ${ITEM_VECTORS}u].x)`;
  const [left, right] = rows === "items" ? ["Items", "Queries"] : ["Queries", "Items"];
  const majorOf = (side: string): string => (side === left ? "row_major" : "col_major");
  const product = (tile: number, step: number): string =>
    rows === "items" ? `items${tile}_${step}, some` : `some, items${tile}_${step}`;
  const writing = MATRIX_WRITINGS[output]({
    items,
    subgroups: SUBGROUPS,
    row,
    stepOf,
    scalesIn,
  });
  return /* wgsl */ `
enable chromium_experimental_subgroup_matrix;
enable subgroups;
${ORDERED_KEYS}
alias ${left} = subgroup_matrix_left<i8, ${STEP_VECTORS * 16}, ${SIDE}>;
alias ${right} = subgroup_matrix_right<i8, ${SIDE}, ${STEP_VECTORS * 16}>;
alias Sums = subgroup_matrix_result<i32, ${SIDE}, ${SIDE}>;
const LOWEST = -3.4e38f;

@group(0) @binding(0) var<storage, read> codes: array<vec4<u32>>;
@group(0) @binding(1) var<storage, read> scales: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read> queries: array<vec4<u32>>;
@group(0) @binding(3) var<storage, read_write> results: array<${output === "scores" ? "vec4<u32>" : "u32"}>;
@group(0) @binding(4) var<uniform> part: vec4<u32>;

${inWorkgroup ? `var<workgroup> held_queries: array<vec4<u32>, ${heldVectors}>;` : ""}
// Two of each subgroup, written in turn: so one barrier is between what is written and read.
var<workgroup> sums: array<vec4<i32>, ${2 * SUBGROUPS * stage}>;
${writing.declare}

@compute @workgroup_size(${SUBGROUPS * LANES})
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(local_invocation_index) thread: u32,
  @builtin(subgroup_id) subgroup: u32,
  @builtin(subgroup_invocation_id) lane: u32,
) {
  let within = (group.x * ${SUBGROUPS}u + subgroup) * ${items}u;
  let first = part.x + within;
  ${tiles.flatMap((tile) => steps.map((step) => `let items${tile}_${step} = subgroupMatrixLoad<Items, ${majorOf("Items")}>(&codes, (first + ${tile * SIDE}u) * ${ITEM_VECTORS}u + ${step * STEP_VECTORS}u, ${ITEM_VECTORS}u);`)).join("\n  ")}
  ${writing.prepare}
  var turn = 0u;
  for (var base = 0u; base < part.z; base += ${SIDE}u) {
    ${
      inWorkgroup
        ? /* wgsl */ `
    if (base % ${QUERIES_AT_ONCE}u == 0u) {
      workgroupBarrier();
      for (var i = thread; i < ${heldVectors}u; i += ${SUBGROUPS * LANES}u) {
        held_queries[i] = queries[base * ${QUERY_VECTORS}u + i];
      }
      workgroupBarrier();
    }`
        : ""
    }
    let queries_at = (${start}) * ${QUERY_VECTORS}u;
    ${tiles.map((tile) => `var sums${tile} = Sums();`).join(" ")}
    ${steps
      .map(
        (step) => /* wgsl */ `{
      let some = subgroupMatrixLoad<Queries, ${majorOf("Queries")}>(&${queries}, queries_at + ${step * STEP_VECTORS}u, ${QUERY_VECTORS}u);
      ${tiles.map((tile) => `sums${tile} = subgroupMatrixMultiplyAccumulate(${product(tile, step)}, sums${tile});`).join("\n      ")}
    }`,
      )
      .join("\n    ")}
    let stage = (turn * ${SUBGROUPS}u + subgroup) * ${stage}u;
    ${tiles.map((tile) => `subgroupMatrixStore<${rows === "items" ? "col" : "row"}_major>(&sums, stage + ${(tile * SIDE) / 4}u, sums${tile}, ${row}u);`).join("\n    ")}
    turn = 1u - turn;
    workgroupBarrier();
    ${writing.run}
  }
}
`;
}
