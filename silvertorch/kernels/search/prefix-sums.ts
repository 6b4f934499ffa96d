/**
 * WGSL `sum_before(own, thread) -> u32`: the sum of what the threads before this one bring. To be
 * called by all threads of a workgroup. The numbers stand in rows; a thread each adds up a row, then
 * every thread the rows before its own: three barriers, on any device, where doubling takes two a
 * step.
 */
export function prefixSums(threads: number): string {
  const { row, rows } = rowsOf(threads);
  // A word is left out after each row, so that rows begin in different banks.
  return /* wgsl */ `
var<workgroup> row_entries: array<u32, ${rows * (row + 1)}>;
var<workgroup> row_sums: array<u32, ${rows}>;

fn sum_before(own: u32, thread: u32) -> u32 {
  let at = thread + thread / ${row}u;
  workgroupBarrier();
  row_entries[at] = own;
  workgroupBarrier();
  if (thread < ${rows}u) {
    var sum = 0u;
    let first = thread * ${row + 1}u;
    for (var n = first; n < first + ${row}u; n++) {
      let entry = row_entries[n];
      row_entries[n] = sum;
      sum += entry;
    }
    row_sums[thread] = sum;
  }
  workgroupBarrier();
  var before = row_entries[at];
  for (var r = 0u; r < thread / ${row}u; r++) { before += row_sums[r]; }
  return before;
}
`;
}

/** Bytes of workgroup memory that it takes. */
export function prefixBytes(threads: number): number {
  const { row, rows } = rowsOf(threads);
  return 4 * rows * (row + 2);
}

function rowsOf(threads: number): { readonly row: number; readonly rows: number } {
  const row = 2 ** Math.ceil(Math.log2(threads) / 2);
  return { row, rows: Math.ceil(threads / row) };
}
