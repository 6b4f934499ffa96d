import { readAll } from "../../engine/fused/answers.ts";
import type { ForwardPass } from "../../engine/fused/fused-lane.ts";
import { FusedModel } from "../../engine/fused/fused-model.ts";
import type { PackedBatch } from "../../engine/fused/pack-batch.ts";
import type { BenchSize } from "./bench-size.ts";

/** A card that idled takes a while to its full clock. */
const WARM_MS = 800;
/** A pass lasts at least so long: shorter ones scatter with whatever else the host does. */
const PASS_MS = 300;

/** How fast batches are with the answers on the host, and how many of them were under way. */
export interface InFlight {
  readonly lanes: number;
  /** Wall time a batch, of each pass. */
  readonly ms: readonly number[];
}

/**
 * With as many batches under way as are fastest here. How many those are depends on the batch and on
 * the host: short ones want many, since then the host never waits; of long ones few, whose answers
 * then lie in memory that is warm. Each number is tried in a pass of its own, and the best of them
 * measured anew, so that none counts for a lucky pass.
 */
export async function inFlight(
  pass: ForwardPass,
  batch: PackedBatch,
  size: BenchSize,
): Promise<InFlight> {
  const tried: InFlight[] = [];
  if (size.lanes.length > 1) {
    for (const lanes of size.lanes) tried.push(await withLanes(lanes, 1));
  }
  const fastest = tried.toSorted((a, b) => a.ms[0]! - b.ms[0]!)[0]?.lanes ?? size.lanes[0]!;
  return withLanes(fastest, size.passes);

  async function withLanes(lanes: number, passes: number): Promise<InFlight> {
    const model = new FusedModel(pass, { lanes, timed: false });
    const loop = async (count: number): Promise<void> => {
      for (let n = 0; n < count; n++) await model.run(batch, readAll);
    };
    const all = (count: number): Promise<void[]> =>
      Promise.all(Array.from({ length: lanes }, () => loop(count)));
    const isOver = (sinceMs: number, ms: number): boolean =>
      size.allowSoftware || performance.now() - sinceMs >= ms;
    const warmMs = performance.now();
    do await all(4);
    while (!isOver(warmMs, WARM_MS));
    const each = Math.max(1, Math.ceil(size.repeats / lanes));
    const ms: number[] = [];
    for (let n = 0; n < passes; n++) {
      const beganMs = performance.now();
      let batches = 0;
      do {
        await all(each);
        batches += each * lanes;
      } while (!isOver(beganMs, PASS_MS));
      ms.push((performance.now() - beganMs) / batches);
    }
    model.release();
    return { lanes, ms };
  }
}

/** The median of these passes as requests a second, and each of them, in order. */
export function ratesOf(requests: number, passes: readonly number[]): string {
  const rate = (ms: number): string => ((requests / ms) * 1000).toFixed(0);
  return `${rate(median(passes))} requests/s (passes: ${passes.map(rate).join(" ")})`;
}

export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}
