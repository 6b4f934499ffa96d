import { BATCH_WORDS, FRESH } from "../search/batch-words.ts";
import { ORDERED_KEYS } from "../search/ordered-keys.ts";
import type { SelectSource, SelectTarget } from "../search/select-best.ts";

const THREADS = 64;
/** Requests that an item is read for at once. */
const REQUESTS = 8;
/** Numbers of each query that lie in workgroup memory at a time. */
const TILE = 128;

/** WGSL, a line for each of those requests. */
const each = (line: (nth: number) => string): string =>
  Array.from({ length: REQUESTS }, (_, nth) => line(nth)).join("\n");

/** WGSL: what a batch tells of fresh items, and where their keys are: of each request a multiple of four. */
const FRESH_WORDS = /* wgsl */ `
fn fresh_count() -> u32 { return batch[freshOf() + ${FRESH.count}u]; }
fn fresh_wanted() -> u32 { return batch[freshOf() + ${FRESH.wanted}u]; }
fn first_key(request: u32) -> u32 { return request * ((fresh_count() + 3u) & ~3u); }
`;

/**
 * The scores of items that came after the artifact was compiled, as ordered keys: the inner product
 * with the query, the largest of the heads'. `NONE` are those that a request may not get, and those
 * that would come behind its whole answer. An item a thread, for some requests at once. Reads 4 bytes
 * a number for each of those, and from the cache but for the first.
 *
 * Bindings: 0 batch, 1 queries f32 [requests, heads x dim], 2 fresh items f32 [fresh, dim], 3 values
 * of the answers f32 [requests, k], 4 keys u32 [requests, fresh and up to 3 more]. Workgroups:
 * `freshScoresGrid`.
 */
export function freshScoresKernel({
  heads,
  dim,
}: {
  readonly heads: number;
  readonly dim: number;
}): string {
  return /* wgsl */ `
${BATCH_WORDS}
${ORDERED_KEYS}
${FRESH_WORDS}
@group(0) @binding(1) var<storage, read> queries: array<f32>;
@group(0) @binding(2) var<storage, read> items: array<f32>;
@group(0) @binding(3) var<storage, read> answer_values: array<u32>;
@group(0) @binding(4) var<storage, read_write> keys: array<u32>;

var<workgroup> part: array<f32, ${REQUESTS * TILE}>;

/** Whether a request may get an item. */
fn is_open(request: u32, item: u32) -> bool {
  let words = batch[freshOf() + ${FRESH.openOf}u + request];
  return words != 0u && ((batch[words + item / 32u] >> (item % 32u)) & 1u) != 0u;
}

/** Whether a key comes behind a whole answer; of equal values compiled items are first. */
fn is_behind(request: u32, key: u32) -> bool {
  // Where there are fewer compiled items than are asked for, no answer is whole.
  let wanted = fresh_wanted();
  if (places() != wanted) { return false; }
  // Of whole numbers, for shaders know no infinity: that is the last value of an answer that is short.
  let bits = answer_values[request * wanted + wanted - 1u];
  return key <= select(bits | 0x80000000u, ~bits, bits >= 0x80000000u);
}

fn put(request: u32, item: u32, score: f32) {
  if (request >= requests() || item >= fresh_count()) { return; }
  let key = key_of(score);
  let is_taken = is_open(request, item) && !is_behind(request, key);
  keys[first_key(request) + item] = select(NONE, key, is_taken);
}

@compute @workgroup_size(${THREADS})
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let item = group.x * ${THREADS}u + thread;
  let at = min(item, fresh_count() - 1u) * ${dim}u;
  let first = group.y * ${REQUESTS}u;
  let last = requests() - 1u;
${each((nth) => `  var most${nth} = 0.0;`)}
  for (var head = 0u; head < ${heads}u; head++) {
${each((nth) => `    var sum${nth} = 0.0;`)}
    for (var start = 0u; start < ${dim}u; start += ${TILE}u) {
      let length = min(${TILE}u, ${dim}u - start);
      workgroupBarrier();
      for (var nth = 0u; nth < ${REQUESTS}u; nth++) {
        let query = (min(first + nth, last) * ${heads}u + head) * ${dim}u + start;
        for (var i = thread; i < length; i += ${THREADS}u) { part[nth * ${TILE}u + i] = queries[query + i]; }
      }
      workgroupBarrier();
      for (var i = 0u; i < length; i++) {
        let x = items[at + start + i];
${each((nth) => `        sum${nth} += part[${nth * TILE}u + i] * x;`)}
      }
    }
${each((nth) => `    most${nth} = select(max(most${nth}, sum${nth}), sum${nth}, head == 0u);`)}
  }
${each((nth) => `  put(first + ${nth}u, item, most${nth});`)}
}
`;
}

/** Workgroups of that kernel, of 64 items and 8 requests each. */
export const freshScoresGrid = (fresh: number, requests: number): [number, number] => [
  Math.ceil(fresh / THREADS),
  Math.ceil(requests / REQUESTS),
];

/** Fresh items of a request, of which the best are selected. Bindings: 1 keys, as above. */
export const freshSource: SelectSource = {
  bindings: /* wgsl */ `
${FRESH_WORDS}
@group(0) @binding(1) var<storage, read> keys: array<vec4<u32>>;`,
  nextBinding: 2,
  count: "return fresh_count();",
  keys: "return keys[(first_key(list) + n) / 4u];",
  id: "return n;",
};

/**
 * Bindings: slots u32 [requests, wanted], the places among the fresh items, and behind them how many
 * each request has, and scores f32 [requests, wanted].
 */
export const freshTarget: SelectTarget = {
  bindings: (first) => /* wgsl */ `
@group(0) @binding(${first}) var<storage, read_write> chosen_slots: array<u32>;
@group(0) @binding(${first + 1}) var<storage, read_write> chosen_scores: array<u32>;`,
  wanted: "return fresh_wanted();",
  emit: /* wgsl */ `
  chosen_slots[list * fresh_wanted() + place] = id;
  chosen_scores[list * fresh_wanted() + place] = score_bits(key);`,
  finish: "chosen_slots[requests() * fresh_wanted() + list] = found;",
};
