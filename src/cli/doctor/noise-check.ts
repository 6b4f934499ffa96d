import { calibrate, warmCalibration } from "../../measure/calibration.ts";
import { threadTimes } from "../../measure/thread-cpu.ts";
import { type Check, ok, warn } from "./check.ts";

const WATCH_MS = 2_000;
/** Pieces of work further apart than this make a point of a run flagged. */
const CALM_SPREAD = 0.05;
const CALM_WAIT = 0.02;

/** Fixed work on one core, again and again for a while: does it always take as long? */
export async function noiseCheck(): Promise<Check> {
  warmCalibration();
  const before = threadTimes();
  const times: number[] = [];
  for (const began = performance.now(); performance.now() - began < WATCH_MS;) {
    times.push(calibrate());
    await new Promise(setImmediate);
  }
  const after = threadTimes();
  const waited =
    before === null || after === null ? null : (after.waitSeconds - before.waitSeconds) * 1000;
  return noiseOf(times, waited === null ? null : waited / WATCH_MS);
}

/**
 * @param times milliseconds of each piece of work.
 * @param waitShare of the time, that others had the core; null where it is not known.
 */
export function noiseOf(times: readonly number[], waitShare: number | null): Check {
  const mean = times.reduce((sum, ms) => sum + ms, 0) / times.length;
  const square = times.reduce((sum, ms) => sum + (ms - mean) ** 2, 0);
  const spread = Math.sqrt(square / Math.max(1, times.length - 1)) / mean;
  const range = Math.max(...times) / Math.min(...times);
  const waited = waitShare === null ? "" : `; others had the core for ${percent(waitShare)}`;
  const found = `${percent(spread)} (of ${times.length} equal pieces of work the slowest took ${range.toFixed(2)} times the fastest${waited})`;
  if (spread <= CALM_SPREAD && (waitShare ?? 0) <= CALM_WAIT) return ok("noise", found);
  return warn(
    "noise",
    found,
    "stop other work, take more rounds, trust ratios before absolute numbers; `run --aa` says how far to trust them",
  );
}

const percent = (share: number): string => `${(100 * share).toFixed(1)}%`;
