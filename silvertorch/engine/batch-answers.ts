import type { Device } from "../../src/onnx/device.ts";
import type { HostTensor } from "../../src/onnx/element-type.ts";
import type { EngineAnswer, EngineQuery } from "./query.ts";

/**
 * The value of what is no answer. Shaders of WebGPU know no infinity: ONNX Runtime writes the lowest
 * number in its place (so that an item whose formula has no number, which has this value, is left
 * out there, too).
 */
const NOTHING: Readonly<Record<Device, number>> = {
  cpu: -Infinity,
  cuda: -Infinity,
  webgpu: -3.4028234663852886e38,
};

const NO_ITEMS = new Float32Array(0);

/**
 * What the retrieval graph's outputs tell each query of a batch: its own k, and of those the ones
 * that are eligible.
 */
export function batchAnswers(
  queries: readonly EngineQuery[],
  results: Readonly<Record<string, HostTensor>>,
  device: Device,
): EngineAnswer[] {
  const nothing = NOTHING[device];
  const values = results["values"]!.data as Float32Array;
  const rows = results["rows"]!.data as Uint32Array;
  const width = results["values"]!.dims[1]!;
  const freshOf = freshScores(results, queries.length);
  const starved = results["starved"]?.data;
  return queries.map(({ k }, at) => {
    const start = at * width;
    let end = start + Math.min(k, width);
    while (end > start && values[end - 1]! <= nothing) end--;
    return {
      // The arrays are the batch's own: nobody else writes to them.
      rows: rows.subarray(start, end),
      values: values.subarray(start, end),
      ...freshOf(at),
      starved: starved !== undefined && Number(starved[at]) > 0,
    };
  });
}

type FreshScores = Pick<EngineAnswer, "freshScores" | "freshSlots">;

/** What each request has of fresh items that are scored beside the answer. */
function freshScores(
  results: Readonly<Record<string, HostTensor>>,
  requests: number,
): (at: number) => FreshScores {
  const { fresh_scores: scored, fresh_slots: slots, fresh_requests: owners } = results;
  if (scored === undefined) return () => ({ freshScores: NO_ITEMS, freshSlots: null });
  const scores = scored.data as Float32Array;
  if (slots === undefined || owners === undefined) {
    const width = scored.dims[1]!;
    return (at) => ({
      freshScores: scores.subarray(at * width, (at + 1) * width),
      freshSlots: null,
    });
  }
  return enteringOf(requests, {
    scores,
    slots: slots.data as Int32Array,
    owners: owners.data as Int32Array,
  });
}

/** Results of all requests, mixed; each one's own are in order. */
interface Mixed {
  readonly scores: Float32Array;
  readonly slots: Int32Array;
  readonly owners: Int32Array;
}

/** Each request's own, in the order in which they are there. */
function enteringOf(
  requests: number,
  { scores, slots, owners }: Mixed,
): (at: number) => FreshScores {
  const ends = new Int32Array(requests + 1);
  for (const owner of owners) ends[owner + 1]!++;
  for (let at = 0; at < requests; at++) ends[at + 1]! += ends[at]!;
  const starts = ends.slice();
  const apart = { scores: new Float32Array(scores.length), slots: new Int32Array(slots.length) };
  for (let from = 0; from < owners.length; from++) {
    const to = ends[owners[from]!]!++;
    apart.scores[to] = scores[from]!;
    apart.slots[to] = slots[from]!;
  }
  return (at) => ({
    freshScores: apart.scores.subarray(starts[at], starts[at + 1]),
    freshSlots: apart.slots.subarray(starts[at], starts[at + 1]),
  });
}
