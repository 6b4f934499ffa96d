import { NO_ROW } from "../../engine/fused/stages.ts";
import { FLOAT_ORDER, LEAST_KEY } from "./order.ts";

const THREADS = 256;
/** Bits of a digit by which the k-th value is narrowed down: a bin a thread. */
const DIGIT_BITS = 8;

export interface BestByValueShape {
  /** Places of `bounds` of a request; the last says how many candidates there are. */
  readonly boundsWidth: number;
  /** Entries that are sorted in workgroup memory, a power of two; null: in `scratch`, of any number. */
  readonly sorted: number | null;
}

/** Bytes of workgroup memory that sorting so many entries takes, with all else. */
export const sortingBytes = (entries: number): number => 8 * entries + 4 * 2 ** DIGIT_BITS + 64;

/**
 * The k best candidates by value, of equal values by the lower row, in order.
 *
 * The k-th value is found digit by digit (a histogram of 256 bins for each 8 bits), the rows of
 * those that are equal to it likewise where not all of them have a place; then the k best are
 * collected and sorted. Reads 4 bytes a candidate five times, from the cache but for the first;
 * sorts k, the next power of two, in log(k)^2 / 2 steps: 1,024 in 55.
 *
 * Bindings: 0 params u32 [requests, k, entries (a power of two, at least k), width], 1 bounds u32,
 * 2 rows u32 and 3 values f32 [requests, width], 4 answer rows u32 and 5 answer values f32
 * [requests, k]: `NO_ROW` and -inf behind the last, and behind all rows how many each request has; 6 scratch vec2<u32> [requests, entries], where
 * the workgroup's memory does not do. Workgroups: (requests).
 */
export function bestByValueKernel({ boundsWidth, sorted }: BestByValueShape): string {
  const inMemory = sorted === null;
  const entry = (at: string): string => (inMemory ? `scratch[scratch_at + ${at}]` : `held[${at}]`);
  const barrier = inMemory ? "storageBarrier();\n  workgroupBarrier();" : "workgroupBarrier();";
  return /* wgsl */ `
@group(0) @binding(0) var<storage, read> params: array<u32>;
@group(0) @binding(1) var<storage, read> bounds: array<u32>;
@group(0) @binding(2) var<storage, read> rows: array<u32>;
@group(0) @binding(3) var<storage, read> values: array<f32>;
@group(0) @binding(4) var<storage, read_write> best_rows: array<u32>;
@group(0) @binding(5) var<storage, read_write> best_values: array<f32>;
${inMemory ? "@group(0) @binding(6) var<storage, read_write> scratch: array<vec2<u32>>;" : `var<workgroup> held: array<vec2<u32>, ${sorted}>;`}

var<workgroup> bins: array<atomic<u32>, ${2 ** DIGIT_BITS}>;
var<workgroup> digit: u32;
var<workgroup> left: u32;
var<workgroup> equals: u32;
var<workgroup> taken: atomic<u32>;

${FLOAT_ORDER}

/** Of two entries (value, complement of the row), which stands first. */
fn is_before(a: vec2<u32>, b: vec2<u32>) -> bool {
  return a.x > b.x || (a.x == b.x && a.y > b.y);
}

@compute @workgroup_size(${THREADS})
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let request = group.x;
  let entries = params[2];
  let start = request * params[3];
  let count = bounds[request * ${boundsWidth}u + ${boundsWidth - 1}u];
  let wanted = min(params[1], count);
  ${inMemory ? "let scratch_at = request * entries;" : ""}

  // The least entry that is wanted: first its value, then its row among those of that value.
  var least = vec2<u32>(0u);
  if (wanted < count) {
    var lacking = wanted;
    for (var part = 0u; part < 2u; part++) {
      var known = 0u;
      for (var shift = ${32 - DIGIT_BITS}u; shift < 32u; shift -= ${DIGIT_BITS}u) {
        atomicStore(&bins[thread], 0u);
        workgroupBarrier();
        for (var i = thread; i < count; i += ${THREADS}u) {
          let value = ordered(values[start + i]);
          let number = select(~rows[start + i], value, part == 0u);
          let fits = shift == ${32 - DIGIT_BITS}u || (number >> (shift + ${DIGIT_BITS}u)) == (known >> (shift + ${DIGIT_BITS}u));
          if (fits && (part == 0u || value == least.x)) {
            atomicAdd(&bins[(number >> shift) & ${2 ** DIGIT_BITS - 1}u], 1u);
          }
        }
        workgroupBarrier();
        // From each bin on to the last.
        for (var step = 1u; step < ${2 ** DIGIT_BITS}u; step *= 2u) {
          var more = 0u;
          if (thread + step < ${2 ** DIGIT_BITS}u) { more = atomicLoad(&bins[thread + step]); }
          workgroupBarrier();
          atomicAdd(&bins[thread], more);
          workgroupBarrier();
        }
        var above = 0u;
        if (thread < ${2 ** DIGIT_BITS - 1}u) { above = atomicLoad(&bins[thread + 1u]); }
        if (above < lacking && lacking <= atomicLoad(&bins[thread])) {
          digit = thread;
          left = lacking - above;
          equals = atomicLoad(&bins[thread]) - above;
        }
        known |= workgroupUniformLoad(&digit) << shift;
        lacking = workgroupUniformLoad(&left);
      }
      if (part == 1u) {
        least.y = known;
      } else {
        least.x = known;
        // All that are equal have a place.
        if (workgroupUniformLoad(&equals) == lacking) { break; }
      }
    }
  }

  if (thread == 0u) {
    atomicStore(&taken, 0u);
    best_rows[params[0] * params[1] + request] = wanted;
  }
  workgroupBarrier();
  for (var i = thread; i < count; i += ${THREADS}u) {
    let candidate = vec2<u32>(ordered(values[start + i]), ~rows[start + i]);
    if (!is_before(least, candidate)) {
      ${entry("atomicAdd(&taken, 1u)")} = candidate;
    }
  }
  for (var i = wanted + thread; i < entries; i += ${THREADS}u) { ${entry("i")} = vec2<u32>(0u); }
  ${barrier}
  for (var size = 2u; size <= entries; size *= 2u) {
    for (var step = size / 2u; step > 0u; step /= 2u) {
      for (var i = thread; i < entries / 2u; i += ${THREADS}u) {
        let low = (i / step) * step * 2u + i % step;
        let a = ${entry("low")};
        let b = ${entry("low + step")};
        if (is_before(b, a) == ((low & size) == 0u)) {
          ${entry("low")} = b;
          ${entry("low + step")} = a;
        }
      }
      ${barrier}
    }
  }
  for (var i = thread; i < params[1]; i += ${THREADS}u) {
    var row = ${NO_ROW}u;
    var key = ${LEAST_KEY}u;
    if (i < wanted) {
      let entry = ${entry("i")};
      row = ~entry.y;
      key = entry.x;
    }
    best_rows[request * params[1] + i] = row;
    best_values[request * params[1] + i] = unordered(key);
  }
}
`;
}
