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
  const freshOf = freshScores(results);
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
function freshScores(results: Readonly<Record<string, HostTensor>>): (at: number) => FreshScores {
  const { fresh_scores: scored, fresh_slots: slots } = results;
  if (scored === undefined) return () => ({ freshScores: NO_ITEMS, freshSlots: null });
  const width = scored.dims[1]!;
  const partOf = <Values extends Float32Array | Int32Array>(values: Values, at: number): Values =>
    values.subarray(at * width, (at + 1) * width) as Values;
  return (at) => ({
    freshScores: partOf(scored.data as Float32Array, at),
    freshSlots: slots === undefined ? null : partOf(slots.data as Int32Array, at),
  });
}
