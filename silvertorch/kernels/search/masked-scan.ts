import { LINEAR_WORKGROUP } from "../../device/kernel.ts";
import { BATCH_WORDS, pairText } from "./batch-words.ts";
import { cellsBinding, checkProgram, scanProgram } from "./filter-program.ts";
import { ORDERED_KEYS } from "./ordered-keys.ts";
import { queryVectors, SCORING_BINDINGS, scoringText } from "./scoring-text.ts";
import { clusterWords, codeVectors, type SearchShape, type WorkOrder } from "./search-shape.ts";

const MOST_THREADS = 128;
/** Eligible items that wait to be scored. */
const QUEUE = 1024;

/**
 * Finds and scores the eligible items of the clusters that filtered lists look into, in one go. A
 * workgroup takes a pair: its threads work off the list's program over the words of the cluster,
 * clear what is excluded, and queue the items whose bits are left; those are checked exactly where
 * signatures were asked, and what passes is scored and appended to the list, side by side, so that
 * no thread idles. Items that are not eligible are never read. Moves a bit an item and step of the
 * program, 4 bytes a cell of an item that is checked, and (dim + 4) bytes an eligible item.
 *
 * Bindings: 0 batch, 1 codes vec4<u32> of this part, 2 scales f32, 3 queries vec4<u32>, 4 bitmaps
 * u32 [clusters of the part, rows, words], 5 work u32, 6 sorted pairs u32 [pairs, 2], 7 excluded positions
 * u32, 8 keys u32 and 9 positions u32 [pairs, width], 10 counts u32 [lists], 11 part
 * (uniform): first cluster, clusters; 12 cells i32 [positions of the part, cells] if checked.
 * Work is as in open-scan.ts. Workgroups: linear, as many as will keep the device busy; of `all`
 * the part's clusters x filtered lists.
 */
export function maskedScanKernel(shape: SearchShape, order: WorkOrder): string {
  const { clusters, width, bitmapRows, cells } = shape;
  const vectors = codeVectors(shape);
  const words = clusterWords(shape);
  const row = queryVectors(shape);
  const { load, add, score } = scoringText(shape, "query");
  const isChecked = cells > 0;
  const threads = threadsFor(words);
  return /* wgsl */ `
requires packed_4x8_integer_dot_product;
${BATCH_WORDS}
${pairText(shape)}
${ORDERED_KEYS}
${SCORING_BINDINGS}
@group(0) @binding(4) var<storage, read> bitmaps: array<u32>;
@group(0) @binding(5) var<storage, read> work: array<u32>;
@group(0) @binding(6) var<storage, read> sorted: array<u32>;
@group(0) @binding(7) var<storage, read> excluded: array<u32>;
@group(0) @binding(8) var<storage, read_write> keys: array<u32>;
@group(0) @binding(9) var<storage, read_write> positions: array<u32>;
@group(0) @binding(10) var<storage, read_write> counts: array<atomic<u32>>;
@group(0) @binding(11) var<uniform> part: vec4<u32>;
${isChecked ? cellsBinding(cells) : ""}

var<workgroup> query: array<vec4<u32>, ${row}>;
var<workgroup> masks: array<atomic<u32>, ${threads}>;
var<workgroup> queue: array<u32, ${QUEUE}>;
${
  isChecked
    ? `/** Of those in the queue, the ones that pass the check, and how many. */
var<workgroup> passed: array<u32, ${QUEUE}>;
var<workgroup> passing: atomic<u32>;`
    : ""
}
/** Places of the queue asked for, and the first that was refused. */
var<workgroup> asked: atomic<u32>;
var<workgroup> refused: atomic<u32>;
/** Items in the queue, and whether some were refused. */
var<workgroup> held: u32;
const MORE = 0x80000000u;
var<workgroup> base: u32;

${scanProgram(words, threads)}
${isChecked ? checkProgram(cells, threads) : ""}

/** Lists have room for all that they look into. */
fn append(slot: u32, score: f32, position: u32) {
  keys[slot] = key_of(score);
  positions[slot] = position;
}

fn scan(list: u32, cluster: u32, thread: u32) {
  let request = list / ${shape.heads}u;
  let program = batch[programOf() + request];
  let first_excluded = batch[excludedOf() + request];
  let end_excluded = batch[excludedOf() + request + 1u];
  let block = (cluster - part.x) * ${bitmapRows * words}u;
  let first_position = cluster * ${width}u;
  let first_slot = first_pair(list) * ${width}u;
  workgroupBarrier();
  for (var i = thread; i < ${row}u; i += ${threads}u) { query[i] = queries[list * ${row}u + i]; }
  ${isChecked ? `stage_check(program, thread);` : ""}
  for (var round = 0u; round < ${words}u; round += ${threads}u) {
    let word = round + thread;
    var bits = eligible(program, block, word, thread, round > 0u);
    if (first_excluded < end_excluded) {
      workgroupBarrier();
      atomicStore(&masks[thread], bits);
      workgroupBarrier();
      let from_position = first_position + round * 32u;
      for (var e = first_excluded + thread; e < end_excluded; e += ${threads}u) {
        let ahead = excluded[e] - from_position;
        if (excluded[e] >= from_position && ahead < ${threads * 32}u) {
          atomicAnd(&masks[ahead >> 5u], ~(1u << (ahead & 31u)));
        }
      }
      workgroupBarrier();
      bits = atomicLoad(&masks[thread]);
    }
    // Until every thread has queued its bits.
    loop {
      workgroupBarrier();
      if (thread == 0u) {
        atomicStore(&asked, 0u);
        atomicStore(&refused, ${QUEUE}u);
      }
      workgroupBarrier();
      let wanted = countOneBits(bits);
      if (wanted > 0u) {
        var place = atomicAdd(&asked, wanted);
        if (place + wanted > ${QUEUE}u) {
          atomicMin(&refused, place);
        } else {
          while (bits != 0u) {
            queue[place] = word * 32u + countTrailingZeros(bits);
            bits &= bits - 1u;
            place++;
          }
        }
      }
      workgroupBarrier();
      if (thread == 0u) {
        let taken = min(atomicLoad(&asked), atomicLoad(&refused));
        held = taken | select(0u, MORE, atomicLoad(&asked) > taken);
      }
      let state = workgroupUniformLoad(&held);
      ${isChecked ? checkQueue(shape, threads) : "let count = state & ~MORE;"}
      // One for all: a list's counter takes additions one by one, and neighbours' with them.
      if (thread == 0u) { base = atomicAdd(&counts[list], count); }
      let first_place = workgroupUniformLoad(&base);
      for (var n = thread; n < count; n += ${threads}u) {
        let within = ${isChecked ? "passed" : "queue"}[n];
        let position = first_position + within;
        let local = (cluster - part.x) * ${width}u + within;
        let first_vector = local * ${vectors}u;
        ${load("first_vector")}
        var sum = 0;
        ${add("0u")}
        append(first_slot + first_place + n, ${score("scales[position]", "0u")}, position);
      }
      if (state < MORE) { break; }
    }
  }
}

@compute @workgroup_size(${threads})
fn main(
  @builtin(workgroup_id) workgroup: vec3<u32>,
  @builtin(num_workgroups) grid: vec3<u32>,
  @builtin(local_invocation_index) thread: u32,
) {
  // Keeps the bindings that this order does not look at.
  if (work[0] == 0xffffffffu && sorted[0] == 0xffffffffu) { return; }
  let first = ${LINEAR_WORKGROUP};
  let many = grid.x * grid.y;
  ${workOf(order, clusters)}
}
`;
}

/** Sets "count" to how many in the queue pass the check, and puts these side by side. */
function checkQueue({ cells, width }: SearchShape, threads: number): string {
  return /* wgsl */ `
      if (thread == 0u) { atomicStore(&passing, 0u); }
      workgroupBarrier();
      for (var n = thread; n < (state & ~MORE); n += ${threads}u) {
        let within = queue[n];
        let local = (cluster - part.x) * ${width}u + within;
        if (checked(program, local * ${cells}u)) { passed[atomicAdd(&passing, 1u)] = within; }
      }
      workgroupBarrier();
      if (thread == 0u) { held = atomicLoad(&passing); }
      let count = workgroupUniformLoad(&held);`;
}

/** Whole subgroups that take the words of a cluster in as few rounds as can be, about equally. */
function threadsFor(words: number): number {
  const rounds = Math.ceil(words / MOST_THREADS);
  return Math.ceil(words / rounds / 32) * 32;
}

function workOf(order: WorkOrder, clusters: number): string {
  if (order === "all") {
    return /* wgsl */ `
  let filtered = lists() - openLists();
  for (var n = first; n < part.y * filtered; n += many) {
    scan(openLists() + n % filtered, part.x + n / filtered, thread);
  }`;
  }
  if (order === "byQuery") {
    return /* wgsl */ `
  for (var pair = openLists() * probes() + first; pair < pairs(); pair += many) {
    let cluster = work[pair];
    if (cluster < part.x || cluster >= part.x + part.y) { continue; }
    scan(list_of(pair), cluster, thread);
  }`;
  }
  return /* wgsl */ `
  let end = work[${clusters}u + part.x + part.y];
  for (var n = work[${clusters}u + part.x] + first; n < end; n += many) {
    scan(list_of(sorted[2u * n]), sorted[2u * n + 1u], thread);
  }`;
}
