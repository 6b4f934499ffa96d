import type { SystemStats } from "../door/stats.ts";
import type { Observations } from "../load/observations.ts";
import type { PreparedLoad } from "../load/prepare.ts";
import { scoreAnswers } from "../measure/answer-quality.ts";
import { calibrate } from "../measure/calibration.ts";
import { GpuSampler } from "../measure/gpu-sampler.ts";
import { usageBetween } from "../measure/system-usage.ts";
import { toPoint } from "../result/point.ts";
import type { CapacityResult, Point } from "../result/schema.ts";
import { driveUnit, type Measuring, type Occasion, prepare, startOf } from "./measuring.ts";
import type { Unit } from "./units.ts";

export interface MeasuredStretch {
  readonly point: Omit<Point, "samples">;
  readonly observed: Observations;
}

/**
 * Counters before, the drive, counters after; the answers are scored once the clock has stopped.
 * Every system of a round gets the same requests, at the same times, from the same place on.
 * @param conclude what a search has found once this stretch, its last, is known.
 */
export async function measureStretch(
  unit: Unit,
  occasion: Occasion,
  measuring: Measuring,
  conclude: (observed: Observations) => CapacityResult | null = () => null,
): Promise<MeasuredStretch> {
  const { load, round } = occasion;
  const { scenario, floor } = measuring;
  const questions = measuring.questionsOf(load);
  const prepared = prepare(occasion, measuring, questions);
  const floorP99Ms = (await floor?.p99Ms(occasion, questions, measuring)) ?? null;
  const calibrationMs = calibrate();
  const before = await statsOf(unit);
  const gpu = measuring.hasGpu ? new GpuSampler() : null;
  const start = { questions, startAt: startOf(occasion, scenario, questions) };
  const observed = await driveUnit(unit, prepared, start, measuring);
  const gpuUsage = gpu?.stop() ?? null;
  // A system that died under the load cannot be asked; what was seen of it still counts.
  const after = before === null ? null : await statsOf(unit);
  const { firstRequest, scorer } = questions;
  const inTimeMs = inTimeOf(prepared, scenario.slo.p99Ms);
  const point = toPoint({
    system: unit.system,
    variant: unit.variant,
    load: load.name,
    label: load.label,
    round,
    inFlight: prepared.inFlight,
    offeredPerSecond: prepared.offeredPerSecond,
    observed,
    quality: await scoreAnswers(observed.answers, { scorer, firstRequest, inTimeMs }),
    usage: before === null || after === null ? null : usageBetween(before, after),
    gpu: gpuUsage,
    systemCores: unit.running.kind === "remote" ? null : measuring.systemCores,
    floorP99Ms,
    calibrationMs,
    capacity: conclude(observed),
  });
  return { point, observed };
}

/** What is due all at once is never late. */
const inTimeOf = ({ drive }: PreparedLoad, p99Ms: number): number =>
  drive.shape === "offline" ? Infinity : p99Ms;

/** A remote system need not tell what it uses. */
async function statsOf({ door }: Unit): Promise<SystemStats | null> {
  return await door.stats().catch(() => null);
}
