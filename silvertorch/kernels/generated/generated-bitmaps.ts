import type { GeneratedItems } from "../../../src/retrieval/generated/generated-items.ts";
import { LINEAR_WORKGROUP } from "../../device/kernel.ts";
import type { AttributeIndex, ColumnRows } from "../../eligibility/attribute-index.ts";
import { NO_VALUE, type CellColumn } from "../../eligibility/cells.ts";
import type { Signatures } from "../../eligibility/signature.ts";
import { clusterWords, type SearchShape } from "../search/search-shape.ts";
import { ATTRIBUTE_TEXT } from "./attribute-text.ts";
import { itemText } from "./item-text.ts";

const THREADS = 64;
/** Rows whose words lie in workgroup memory at a time: 8 KB. */
const STRETCH = 2048;

/**
 * The bitmaps of generated items. A workgroup takes a word, that is 32 items, of all rows: an item a
 * thread sets its bits in workgroup memory, and all threads write them out. Writes a bit an item and
 * row.
 *
 * Bindings: 0 tables u32, 1 bitmaps u32 [clusters of the part, rows, words], 2 part (uniform): first
 * cluster, clusters. Workgroups: linear, a word each.
 */
export function generatedBitmapsKernel(
  items: GeneratedItems,
  shape: Pick<SearchShape, "width" | "bitmapRows">,
  index: AttributeIndex,
): string {
  const words = clusterWords(shape);
  return /* wgsl */ `
${itemText(items)}
@group(0) @binding(0) var<storage, read> tables: array<u32>;
@group(0) @binding(1) var<storage, read_write> bitmaps: array<u32>;
@group(0) @binding(2) var<uniform> part: vec4<u32>;
${ATTRIBUTE_TEXT}
${MURMUR}

var<workgroup> set_bits: array<atomic<u32>, ${STRETCH}>;
var<private> first_row: u32;
var<private> bit: u32;

fn set_row(row: u32) {
  if (row - first_row < ${STRETCH}u) { atomicOr(&set_bits[row - first_row], bit); }
}

fn set_rows(key: u32) {
  set_row(0u);
  ${index.columns.map((rows, column) => setRows(rows, column)).join("\n")}
}

@compute @workgroup_size(${THREADS})
fn main(
  @builtin(workgroup_id) workgroup: vec3<u32>,
  @builtin(num_workgroups) grid: vec3<u32>,
  @builtin(local_invocation_index) thread: u32,
) {
  let number = ${LINEAR_WORKGROUP};
  let cluster = number / ${words}u;
  let word = number % ${words}u;
  if (cluster >= part.y) { return; }
  let row = (part.x + cluster) * ${shape.width}u + word * 32u + thread;
  let key = item_key(row);
  bit = 1u << (thread & 31u);
  for (var start = 0u; start < ${shape.bitmapRows}u; start += ${STRETCH}u) {
    first_row = start;
    let here = min(${STRETCH}u, ${shape.bitmapRows}u - start);
    for (var r = thread; r < here; r += ${THREADS}u) { atomicStore(&set_bits[r], 0u); }
    workgroupBarrier();
    if (thread < 32u) { set_rows(key); }
    workgroupBarrier();
    for (var r = thread; r < here; r += ${THREADS}u) {
      bitmaps[(cluster * ${shape.bitmapRows}u + start + r) * ${words}u + word] = atomicLoad(&set_bits[r]);
    }
    workgroupBarrier();
  }
}
`;
}

/** WGSL that sets the rows of a column, as eligibility/bitmap-table.ts fills them. */
function setRows(rows: ColumnRows, column: number): string {
  switch (rows.kind) {
    case "signed":
      return `{
    let codes = attribute_of(key, ${column}u);
    ${["x", "y"].map((nth) => `if (codes.${nth} != NO_CODE) { ${signatureRows(rows.signatures, column, `codes.${nth}`)} }`).join("\n    ")}
  }`;
    case "categorical": {
      const { firstRow, slots, digits } = rows;
      return `{
    let codes = attribute_of(key, ${column}u);
    ${["x", "y"]
      .map(
        (nth, slot) => `
    if (codes.${nth} != NO_CODE) {
      var rest = codes.${nth};
      for (var position = 0u; position < ${digits.count}u; position++) {
        set_row(${firstRow}u + (${slots === 1 ? 0 : slot}u * ${digits.count}u + position) * ${digits.base}u + rest % ${digits.base}u);
        rest /= ${digits.base}u;
      }
    }`,
      )
      .join("")}
  }`;
    }
    case "numeric": {
      const { firstRow, digits } = rows;
      return `{
    var rest = attribute_of(key, ${column}u).x;
    if (rest != NO_CODE) {
      for (var position = 0u; position < ${digits.count}u; position++) {
        for (var digit = rest % ${digits.base}u; digit < ${digits.base}u; digit++) {
          set_row(${firstRow}u + position * ${digits.base}u + digit);
        }
        rest /= ${digits.base}u;
      }
    }
  }`;
    }
  }
}

const signatureRows = (
  { firstRow, bits, hashes }: Signatures,
  column: number,
  code: string,
): string =>
  `let value = murmur(murmur(${column + 1}u) ^ ${code});
      for (var i = 0u; i < ${hashes}u; i++) { set_row(${firstRow}u + murmur(value + i * 0x9e3779b9u) % ${bits}u); }`;

/** As in eligibility/signature.ts. */
const MURMUR = /* wgsl */ `
fn murmur(value: u32) -> u32 {
  var h = value ^ (value >> 16u);
  h *= 0x85ebca6bu;
  h ^= h >> 13u;
  h *= 0xc2b2ae35u;
  return h ^ (h >> 16u);
}
`;

/**
 * The cells of generated items (eligibility/cells.ts); those beyond the columns' hold no value.
 *
 * Bindings: 0 tables u32, 1 cells i32 [positions of the part, cells], 2 part (uniform): first
 * position, positions. Workgroups: linear, `THREADS` items each.
 */
export function generatedCellsKernel(
  items: GeneratedItems,
  cells: number,
  columns: readonly CellColumn[],
): string {
  return /* wgsl */ `
${itemText(items)}
@group(0) @binding(0) var<storage, read> tables: array<u32>;
@group(0) @binding(1) var<storage, read_write> cells: array<i32>;
@group(0) @binding(2) var<uniform> part: vec4<u32>;
${ATTRIBUTE_TEXT}
fn numbered(code: u32, base: u32) -> i32 { return select(i32(base + code), ${NO_VALUE}, code == NO_CODE); }

@compute @workgroup_size(${THREADS})
fn main(
  @builtin(workgroup_id) workgroup: vec3<u32>,
  @builtin(num_workgroups) grid: vec3<u32>,
  @builtin(local_invocation_index) thread: u32,
) {
  let place = (${LINEAR_WORKGROUP}) * ${THREADS}u + thread;
  if (place >= part.y) { return; }
  let key = item_key(part.x + place);
  let first = place * ${cells}u;
  for (var cell = ${columns.reduce((sum, { cells: own }) => sum + own, 0)}u; cell < ${cells}u; cell++) {
    cells[first + cell] = ${NO_VALUE};
  }
  ${columns
    .map(
      ({ base, first, cells: own }, column) => `{
    let codes = attribute_of(key, ${column}u);
    cells[first + ${first}u] = numbered(codes.x, ${base}u);
    ${own > 1 ? `cells[first + ${first + 1}u] = numbered(codes.y, ${base}u);` : ""}
  }`,
    )
    .join("\n  ")}
}
`;
}

/** Workgroups for the cells of so many items. */
export const cellGroups = (items: number): number => Math.ceil(items / THREADS);
