import { ORDERED_KEYS } from "../../kernels/search/ordered-keys.ts";
import { MATRIX_WRITINGS } from "./matrix-writing.ts";
import {
  DIM,
  ITEM_VECTORS,
  type Output,
  QUERIES_AT_ONCE,
  QUERY_VECTORS,
  type ScanForm,
} from "./scan-form.ts";

/** Rows and columns of a product, and dimensions of one step of it: int8 x int8 -> int32. */
export const MATRIX = { M: 16, N: 16, K: 32 } as const;
const STEPS = DIM / MATRIX.K;

const SUBGROUPS = 4;
/** Threads of a subgroup: the kernels are for cards where that is so. */
export const LANES = 32;

/** How the kernel reads and writes its matrices. */
export interface MatrixForm {
  /** What buffers and workgroup memory are arrays of. Offsets and strides count those. */
  readonly unit: "word" | "vector";
  /** Where queries are multiplied from. */
  readonly queriesIn: "storage" | "workgroup";
  /** Matrices of 16 items that a subgroup holds in registers. */
  readonly held: 2 | 4;
  /** Whether by the older functions, whose offsets and strides count bytes of int8 matrices. */
  readonly isOlder?: boolean;
}

/**
 * By products of matrices, which tensor cores do: a subgroup holds its items in registers while the
 * queries pass by, 16 at a time. A matrix cannot be looked into, so sums go through workgroup
 * memory to be scaled.
 */
export function matrixScan(form: MatrixForm): ScanForm {
  const { unit, queriesIn, held, isOlder = false } = form;
  return {
    name: `${isOlder ? "by older functions" : "matrices"}, ${unit}s, queries in ${queriesIn}, ${held * MATRIX.M} items a subgroup`,
    itemsAGroup: SUBGROUPS * held * MATRIX.M,
    needsMatrices: true,
    isLast: isOlder,
    code: (output) => matrixKernel(form, output),
  };
}

function matrixKernel(form: MatrixForm, output: Output): string {
  const { unit, queriesIn, held, isOlder = false } = form;
  const { M, N, K } = MATRIX;
  const unitBytes = unit === "word" ? 4 : 16;
  const inputUnits = (bytes: number): number => (isOlder ? bytes : bytes / unitBytes);
  const sumUnits = (words: number): number => (isOlder ? words : (words * 4) / unitBytes);
  const input = isOlder ? "i32" : unit === "word" ? "u32" : "vec4<u32>";
  const load = (
    type: string,
    major: "row" | "col",
    from: string,
    at: string,
    bytes: number,
  ): string =>
    isOlder
      ? `subgroupMatrixLoad<${type}>(&${from}, ${at}, ${major === "col"}, ${bytes}u)`
      : `subgroupMatrixLoad<${type}, ${major}_major>(&${from}, ${at}, ${inputUnits(bytes)}u)`;
  const store = (at: string, value: string, words: number): string =>
    isOlder
      ? `subgroupMatrixStore(&sums, ${at}, ${value}, true, ${words}u);`
      : `subgroupMatrixStore<col_major>(&sums, ${at}, ${value}, ${sumUnits(words)}u);`;
  const items = held * M;
  // Four words more, or the columns that a store writes at once would share a bank.
  const column = items + 4;
  const stage = N * column;
  const tiles = Array.from({ length: held }, (_, tile) => tile);
  const steps = Array.from({ length: STEPS }, (_, step) => step);
  const queryBytes = QUERY_VECTORS * 16;
  const inWorkgroup = queriesIn === "workgroup";
  const queries = inWorkgroup ? "held_queries" : "queries";
  const heldUnits = (QUERIES_AT_ONCE * queryBytes) / unitBytes;
  const perQuery = queryBytes / unitBytes;
  const stepWord = `${inWorkgroup ? "(base % " + QUERIES_AT_ONCE + "u" : "(base"} + query) * ${perQuery}u + ${(ITEM_VECTORS * 16) / unitBytes}u`;
  const stepOf = `bitcast<f32>(${queries}[${stepWord}]${unit === "vector" ? ".x" : ""})`;
  const writing = MATRIX_WRITINGS[unit][output]({ items, column, stepOf });
  return /* wgsl */ `
enable chromium_experimental_subgroup_matrix;
enable subgroups;
${ORDERED_KEYS}
alias Items = subgroup_matrix_left<i8, ${K}, ${M}>;
alias Queries = subgroup_matrix_right<i8, ${N}, ${K}>;
alias Sums = subgroup_matrix_result<i32, ${N}, ${M}>;
const LOWEST = -3.4e38f;

@group(0) @binding(0) var<storage, read> codes: array<${input}>;
@group(0) @binding(1) var<storage, read> scales: array<${unit === "word" ? "f32" : "vec4<f32>"}>;
@group(0) @binding(2) var<storage, read> queries: array<${input}>;
@group(0) @binding(3) var<storage, read_write> results: array<${unit === "vector" && output === "scores" ? "vec4<u32>" : "u32"}>;
@group(0) @binding(4) var<uniform> part: vec4<u32>;

${inWorkgroup ? `var<workgroup> held_queries: array<${input}, ${heldUnits}>;` : ""}
// Two of each subgroup, written in turn: so one barrier is between what is written and read.
var<workgroup> sums: array<${unit === "word" ? "i32" : "vec4<i32>"}, ${(2 * SUBGROUPS * stage * 4) / unitBytes}>;

@compute @workgroup_size(${SUBGROUPS * LANES})
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(local_invocation_index) thread: u32,
  @builtin(subgroup_id) subgroup: u32,
  @builtin(subgroup_invocation_id) lane: u32,
) {
  let within = (group.x * ${SUBGROUPS}u + subgroup) * ${items}u;
  let first = part.x + within;
  ${tiles.map((tile) => steps.map((step) => `let items${tile}_${step} = ${load("Items", "row", "codes", `(first + ${tile * M}u) * ${inputUnits(DIM)}u + ${inputUnits(step * K)}u`, DIM)};`).join("\n  ")).join("\n  ")}
  ${writing.prepare}
  var turn = 0u;
  for (var base = 0u; base < part.z; base += ${N}u) {
    ${
      inWorkgroup
        ? /* wgsl */ `
    if (base % ${QUERIES_AT_ONCE}u == 0u) {
      workgroupBarrier();
      for (var i = thread; i < ${heldUnits}u; i += ${SUBGROUPS * LANES}u) {
        held_queries[i] = queries[base * ${perQuery}u + i];
      }
      workgroupBarrier();
    }`
        : ""
    }
    let queries_at = (${inWorkgroup ? `base % ${QUERIES_AT_ONCE}u` : "base"}) * ${inputUnits(queryBytes)}u;
    ${tiles.map((tile) => `var sums${tile} = Sums();`).join(" ")}
    ${steps
      .map(
        (
          step,
        ) => `{ let of_queries = ${load("Queries", "col", queries, `queries_at + ${inputUnits(step * K)}u`, queryBytes)};
      ${tiles.map((tile) => `sums${tile} = subgroupMatrixMultiplyAccumulate(items${tile}_${step}, of_queries, sums${tile});`).join("\n      ")} }`,
      )
      .join("\n    ")}
    let stage = (turn * ${SUBGROUPS}u + subgroup) * ${sumUnits(stage)}u;
    ${tiles.map((tile) => store(`stage + ${sumUnits(tile * M)}u`, `sums${tile}`, column)).join("\n    ")}
    turn = 1u - turn;
    workgroupBarrier();
    ${writing.run}
  }
}
`;
}
