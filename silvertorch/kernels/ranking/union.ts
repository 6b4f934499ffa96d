import { NO_ROW } from "../../engine/fused/stages.ts";
import { FLOAT_ORDER, powerOfTwo } from "./order.ts";

const THREADS = 256;

export interface UnionShape {
  readonly heads: number;
  /** Chunks that the records of the items lie in, and items of each; candidates come out by chunk. */
  readonly chunks: number;
  readonly itemsOfChunk: number;
  /** The row from which on items are fresh, and of the last chunk; absent: there are none. */
  readonly freshFrom?: number | undefined;
}

/** Places of a hash table for lists of so many places: never more than half full. */
export const tableSlots = (listed: number): number => powerOfTwo(2 * listed);

/**
 * The union of the heads' lists, without duplicates: of each item its row and its largest score,
 * those of a chunk side by side, within a chunk in any order.
 *
 * A request's table of rows lies in memory, not in the workgroup's, so that the lists may be of any
 * length. An entry costs about 8 bytes read, an atomic or two, and 8 bytes of the table written,
 * then read: 256 requests of 2,000 entries move 25 MB, most of it in the cache.
 *
 * Bindings: 0 params u32 [requests, places, slots, width], 1 list rows u32 and 2 list scores f32
 * [requests x heads, places], 3 table u32 [requests, 2, slots], 4 candidate rows u32 and
 * 5 candidate scores f32 [requests, width = heads x places], 6 bounds u32 [requests, chunks + 1]:
 * where the candidates of each chunk begin. Workgroups: (requests).
 */
export function unionKernel({ heads, chunks, itemsOfChunk, freshFrom }: UnionShape): string {
  const inOrder = `row / ${itemsOfChunk}u`;
  const chunkOfRow =
    freshFrom === undefined ? inOrder : `select(${inOrder}, ${chunks - 1}u, row >= ${freshFrom}u)`;
  return /* wgsl */ `
@group(0) @binding(0) var<storage, read> params: array<u32>;
@group(0) @binding(1) var<storage, read> list_rows: array<u32>;
@group(0) @binding(2) var<storage, read> list_scores: array<f32>;
@group(0) @binding(3) var<storage, read_write> table: array<atomic<u32>>;
@group(0) @binding(4) var<storage, read_write> rows: array<u32>;
@group(0) @binding(5) var<storage, read_write> scores: array<f32>;
@group(0) @binding(6) var<storage, read_write> bounds: array<u32>;

var<workgroup> counts: array<atomic<u32>, ${chunks}>;

${FLOAT_ORDER}

/** The place of a row, its own from now on. */
fn place_of(row: u32, keys: u32, slots: u32) -> u32 {
  var slot = ((row * 2654435769u) >> 7u) & (slots - 1u);
  loop {
    let found = atomicCompareExchangeWeak(&table[keys + slot], ${NO_ROW}u, row);
    if (found.exchanged || found.old_value == row) { return slot; }
    // A weak exchange may fail at an empty place, too: then it is tried again.
    if (found.old_value != ${NO_ROW}u) { slot = (slot + 1u) & (slots - 1u); }
  }
}

@compute @workgroup_size(${THREADS})
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let slots = params[2];
  let width = params[3];
  let keys = group.x * 2u * slots;
  let bests = keys + slots;
  for (var i = thread; i < slots; i += ${THREADS}u) {
    atomicStore(&table[keys + i], ${NO_ROW}u);
    atomicStore(&table[bests + i], 0u);
  }
  for (var i = thread; i < ${chunks}u; i += ${THREADS}u) { atomicStore(&counts[i], 0u); }
  storageBarrier();
  workgroupBarrier();
  for (var i = thread; i < ${heads}u * params[1]; i += ${THREADS}u) {
    let row = list_rows[group.x * width + i];
    if (row == ${NO_ROW}u) { continue; }
    let slot = place_of(row, keys, slots);
    // The first to raise it counts the item.
    if (atomicMax(&table[bests + slot], ordered(list_scores[group.x * width + i])) == 0u) {
      atomicAdd(&counts[${chunkOfRow}], 1u);
    }
  }
  storageBarrier();
  workgroupBarrier();
  if (thread == 0u) {
    var start = 0u;
    for (var chunk = 0u; chunk < ${chunks}u; chunk++) {
      bounds[group.x * ${chunks + 1}u + chunk] = start;
      start += atomicExchange(&counts[chunk], start);
    }
    bounds[group.x * ${chunks + 1}u + ${chunks}u] = start;
  }
  workgroupBarrier();
  for (var i = thread; i < slots; i += ${THREADS}u) {
    let row = atomicLoad(&table[keys + i]);
    if (row == ${NO_ROW}u) { continue; }
    let at = group.x * width + atomicAdd(&counts[${chunkOfRow}], 1u);
    rows[at] = row;
    scores[at] = unordered(atomicLoad(&table[bests + i]));
  }
}
`;
}
