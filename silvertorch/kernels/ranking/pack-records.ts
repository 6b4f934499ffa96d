import type { RecordPart } from "./item-record.ts";

const THREADS = 64;

/**
 * Brings numbers of items, as the artifact holds them, into their records. Reads 4 bytes and writes
 * 4 or 2 a number.
 *
 * Bindings: 0 params u32 [first place of the numbers, places, first row of the chunk, rows of it],
 * 1 numbers u32 [places, groups x length], 2 rows of the places u32 (`NO_ROW`: none), looked at
 * where the places are not the rows, 3 records u32 [rows, words]. Workgroups: `linearGrid` of the places.
 */
export function packRecordsKernel(
  { precision, interleaved, at, groups, length, words }: RecordPart,
  { recordWords, byPlace }: { readonly recordWords: number; readonly byPlace: boolean },
): string {
  const number = (nth: string): string =>
    `select(0u, numbers[start + min(${nth}, ${length - 1}u)], ${nth} < ${length}u)`;
  const word =
    precision === "float32"
      ? number("word")
      : `pack2x16float(vec2(bitcast<f32>(${number("2u * word")}), bitcast<f32>(${number("2u * word + 1u")})))`;
  return /* wgsl */ `
@group(0) @binding(0) var<storage, read> params: array<u32>;
@group(0) @binding(1) var<storage, read> numbers: array<u32>;
@group(0) @binding(2) var<storage, read> row_of_place: array<u32>;
@group(0) @binding(3) var<storage, read_write> records: array<u32>;

@compute @workgroup_size(${THREADS})
fn main(
  @builtin(workgroup_id) workgroup: vec3<u32>,
  @builtin(num_workgroups) grid: vec3<u32>,
  @builtin(local_invocation_index) thread: u32,
) {
  let place = workgroup.x + workgroup.y * grid.x;
  if (place >= params[1]) { return; }
  var row = params[0] + place;
  if (${byPlace}) { row = row_of_place[place]; }
  if (row < params[2] || row - params[2] >= params[3]) { return; }
  for (var i = thread; i < ${groups * words}u; i += ${THREADS}u) {
    ${
      interleaved
        ? `let group = i / 4u % ${groups}u;
    let word = i / ${4 * groups}u * 4u + i % 4u;`
        : `let group = i / ${words}u;
    let word = i % ${words}u;`
    }
    let start = (place * ${groups}u + group) * ${length}u;
    records[(row - params[2]) * ${recordWords}u + ${at}u + i] = ${word};
  }
}
`;
}
