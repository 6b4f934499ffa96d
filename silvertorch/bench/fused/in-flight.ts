import { readAll } from "../../engine/fused/answers.ts";
import type { ForwardPass } from "../../engine/fused/fused-lane.ts";
import { FusedModel } from "../../engine/fused/fused-model.ts";
import type { PackedBatch } from "../../engine/fused/pack-batch.ts";
import type { BenchSize } from "./bench-size.ts";

/** A card that idled takes a while to its full clock. */
const WARM_MS = 1500;
/** A pass lasts at least so long: shorter ones scatter with whatever else the host does. */
const PASS_MS = 300;

/** Of each pass the wall time a batch with several in flight, the answers on the host. */
export async function msInFlight(
  pass: ForwardPass,
  batch: PackedBatch,
  { lanes, repeats, passes, allowSoftware }: BenchSize,
): Promise<number[]> {
  const model = new FusedModel(pass, { lanes, timed: false });
  const loop = async (count: number): Promise<void> => {
    for (let n = 0; n < count; n++) await model.run(batch, readAll);
  };
  const all = (count: number): Promise<void[]> =>
    Promise.all(Array.from({ length: lanes }, () => loop(count)));
  const isOver = (sinceMs: number, ms: number): boolean =>
    allowSoftware || performance.now() - sinceMs >= ms;
  const warmMs = performance.now();
  do await all(4);
  while (!isOver(warmMs, WARM_MS));
  const each = Math.max(1, Math.ceil(repeats / lanes));
  const times: number[] = [];
  for (let n = 0; n < passes; n++) {
    const beganMs = performance.now();
    let batches = 0;
    do {
      await all(each);
      batches += each * lanes;
    } while (!isOver(beganMs, PASS_MS));
    times.push((performance.now() - beganMs) / batches);
  }
  model.release();
  return times;
}

/** The median of these passes as requests a second, and each of them, in order. */
export function ratesOf(requests: number, passes: readonly number[]): string {
  const rate = (ms: number): string => ((requests / ms) * 1000).toFixed(0);
  return `${rate(median(passes))} requests/s (passes: ${passes.map(rate).join(" ")})`;
}

export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}
