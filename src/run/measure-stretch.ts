import type { SystemStats } from "../door/stats.ts";
import type { UpdatesSent } from "../load/catalogue-owner.ts";
import { joinBlocks } from "../load/join-blocks.ts";
import type { Observations } from "../load/observations.ts";
import type { PreparedLoad } from "../load/prepare.ts";
import { scoreAnswers } from "../measure/answer-quality.ts";
import { calibrate } from "../measure/calibration.ts";
import type { Strike } from "../measure/fault-recovery.ts";
import { GpuSampler, type GpuUsage, joinGpuUsage } from "../measure/gpu-sampler.ts";
import { joinCourses, type ResourceSample, ResourceSampler } from "../measure/resource-course.ts";
import { type SystemUsage, usageBetween, usageOver } from "../measure/system-usage.ts";
import { Histogram } from "../math/histogram.ts";
import { type MeasuredUpdates, toPoint, VERSION_PREFIX } from "../result/point.ts";
import type { CapacityResult, Point } from "../result/schema.ts";
import { driveWithFaults, faultsFor } from "./drive-with-faults.ts";
import { askAfterChanges, type AskedAfter, qualityAfterChanges } from "./changed-quality.ts";
import {
  driveUnit,
  type Measuring,
  type Occasion,
  prepare,
  requestTimeoutMs,
  startOf,
} from "./measuring.ts";
import type { Unit } from "./units.ts";

export interface MeasuredPoint {
  readonly point: Omit<Point, "samples" | "sitting">;
  readonly observed: Observations;
}

/** One uninterrupted drive, with what was read just before and after it. */
export interface Stretch {
  readonly prepared: PreparedLoad;
  readonly observed: Observations;
  /** null where the system could not be asked. */
  readonly before: SystemStats | null;
  readonly after: SystemStats | null;
  readonly gpu: GpuUsage | null;
  /** Empty where its processes cannot be seen from here. */
  readonly course: readonly ResourceSample[];
  /** null: the catalogue stood still. */
  readonly updates: UpdatesSent | null;
  /** null: the catalogue stood still, or the point goes on. */
  readonly askedAfter: AskedAfter | null;
  readonly floorP99Ms: number | null;
  readonly calibrationMs: number;
  readonly strikes: readonly Strike[];
}

/**
 * Calibration, counters, the drive, counters. Every system of a round gets the same requests, at
 * the same times, from the same place on.
 */
export async function measureStretch(
  unit: Unit,
  occasion: Occasion,
  measuring: Measuring,
): Promise<Stretch> {
  const { scenario, floor } = measuring;
  const questions = measuring.questionsOf(occasion.load);
  const prepared = prepare(occasion, measuring, questions);
  const floorP99Ms = (await floor?.p99Ms(occasion, questions, measuring)) ?? null;
  const calibrationMs = calibrate();
  const before = await statsOf(unit);
  using gpuSampler = measuring.hasGpu && isOurs(unit) ? new GpuSampler() : null;
  const start = { questions, startAt: startOf(occasion, scenario, questions) };
  const faults = faultsFor(scenario, unit.system, occasion.load);
  const ended = new AbortController();
  const owner = measuring.ownerOf(unit);
  const sending = owner?.send(ended.signal, measuring.signal) ?? null;
  // Heard once the drive is over.
  sending?.catch(() => {});
  const pids = (): number[] => unit.running.processes.map(({ pid }) => pid);
  using sampler = isOurs(unit) ? new ResourceSampler({ pids, gpu: gpuSampler }) : null;
  const driving =
    faults.length === 0
      ? driveUnit(unit, prepared, start, measuring).then((seen) => ({
          observed: seen,
          strikes: [],
        }))
      : driveWithFaults(unit, faults, prepared, start, measuring);
  const { observed, strikes } = await driving.finally(() => ended.abort());
  const course = sampler?.stop() ?? [];
  const taken = await sending;
  const gpu = gpuSampler?.stop() ?? null;
  // A system that died under the load cannot be asked; what was seen of it still counts. A process
  // that was killed took its counts with it.
  const isWhole = before !== null && strikes.every(({ kind }) => kind !== "kill");
  const after = isWhole ? await statsOf(unit) : null;
  // At once: a service that is held behind is not to catch up before.
  const askedAfter =
    owner !== null && endsPoint(occasion, observed)
      ? await askAfterChanges(unit, owner, {
          requests: questions.requests,
          timeoutMs: requestTimeoutMs(scenario),
        })
      : null;
  const updates = taken === null ? null : { ...taken, ...(await taken.seen) };
  return {
    prepared,
    observed,
    before,
    after,
    gpu,
    course,
    updates,
    askedAfter,
    floorP99Ms,
    calibrationMs,
    strikes,
  };
}

/** Whether a stretch is the last of its point: what broke off spoils it, and may be the last seen. */
export const endsPoint = (
  { block = 1, blocks = 1 }: Pick<Occasion, "block" | "blocks">,
  { endedEarly }: Pick<Observations, "endedEarly">,
): boolean => block === blocks || endedEarly !== null;

/**
 * All stretches of a point as the result holds it; the answers are scored now that no clock runs.
 * @param capacity what the search found whose last run this was; null for every other load.
 */
export async function toMeasuredPoint(
  unit: Unit,
  { load, round }: Occasion,
  stretches: readonly Stretch[],
  { measuring, capacity }: { measuring: Measuring; capacity: CapacityResult | null },
): Promise<MeasuredPoint> {
  const [{ prepared, floorP99Ms }] = stretches as [Stretch, ...Stretch[]];
  const observed = joinBlocks(stretches.map((stretch) => stretch.observed));
  const { numbers, templateOf, scorer } = measuring.questionsOf(load);
  const { askedAfter } = stretches.at(-1)!;
  const inTimeMs = inTimeOf(prepared, measuring.scenario.slo.p99Ms);
  const point = toPoint({
    system: unit.system,
    variant: unit.variant,
    load: load.name,
    label: load.label,
    round,
    inFlight: prepared.inFlight,
    offeredPerSecond: prepared.offeredPerSecond,
    observed,
    quality:
      askedAfter === null
        ? await scoreAnswers(observed.answers, { scorer, numbers, templateOf, inTimeMs })
        : await qualityAfterChanges(askedAfter, {
            workload: measuring.workload,
            observed,
            inTimeMs,
            threads: measuring.threadCount,
            signal: measuring.signal,
          }),
    updates: joinUpdates(stretches, measuring.scenario),
    usage: usageOf(stretches),
    gpu: joinGpuUsage(stretches.map(({ gpu }) => gpu)),
    course: joinCourses(
      stretches.map(({ course, observed: { seconds } }) => ({ samples: course, seconds })),
    ),
    systemCores: isOurs(unit) ? measuring.systemCores : null,
    floorP99Ms,
    blocks: stretches.map(({ observed: { seconds, completed }, calibrationMs }) => ({
      seconds,
      throughputPerSecond: seconds > 0 ? completed / seconds : 0,
      calibrationMs,
    })),
    strikes: stretches.flatMap(({ strikes }) => strikes),
    capacity,
  });
  return { point, observed };
}

function joinUpdates(
  stretches: readonly Stretch[],
  { updates }: Measuring["scenario"],
): MeasuredUpdates | null {
  const sent = stretches.flatMap((stretch) => stretch.updates ?? []);
  if (sent.length === 0 || updates === undefined) return null;
  const visible = Histogram.create();
  const over = Histogram.create();
  for (const one of sent) {
    visible.add(one.visible);
    over.add(one.over);
  }
  const sum = (of: (one: UpdatesSent) => number): number =>
    sent.reduce((total, one) => total + of(one), 0);
  return {
    perSecond: updates.perSecond,
    lostAfterSeconds: updates.lostAfterSeconds,
    seconds: sum(({ seconds }) => seconds),
    updates: sum((one) => one.updates),
    visible,
    over,
    unseen: sum(({ unseen }) => unseen),
    versions: versionsOf(stretches.at(-1)!),
  };
}

function versionsOf({ after }: Stretch): Map<string, number> {
  const told = [...(after?.counters ?? [])].filter(([name]) => name.startsWith(VERSION_PREFIX));
  return new Map(told.map(([name, version]) => [name.slice(VERSION_PREFIX.length), version]));
}

/** Without the time between the stretches, in which other systems had their turn. */
function usageOf(stretches: readonly Stretch[]): SystemUsage | null {
  const usages = stretches.flatMap(({ before, after }) =>
    before === null || after === null ? [] : [usageBetween(before, after)],
  );
  if (usages.length < stretches.length) return null;
  return usageOver(usages, usageBetween(stretches[0]!.before!, stretches.at(-1)!.after!));
}

/** What is due all at once is never late. */
const inTimeOf = ({ drive }: PreparedLoad, p99Ms: number): number =>
  drive.shape === "offline" ? Infinity : p99Ms;

/** Whether it runs on this machine, where its CPUs and GPUs can be seen. */
const isOurs = ({ running }: Unit): boolean => running.kind !== "remote";

/** A remote system need not tell what it uses. */
async function statsOf({ door }: Unit): Promise<SystemStats | null> {
  return await door.stats().catch(() => null);
}
