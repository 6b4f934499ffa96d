import type { UpdatesSent } from "../load/catalogue-owner.ts";
import type { Observations } from "../load/observations.ts";
import type { AnswerQuality } from "../measure/answer-quality.ts";
import type { GpuUsage } from "../measure/gpu-sampler.ts";
import type { ResourceSample } from "../measure/resource-course.ts";
import type { SystemUsage } from "../measure/system-usage.ts";
import { median } from "../math/quantile.ts";
import { effectsOf, type FaultEffect, type Strike } from "../measure/fault-recovery.ts";
import { judgeStretch } from "../measure/validity.ts";
import { toCourse } from "./course.ts";
import { hasTail, latencyIntervalsOf, latencyOf } from "./latency.ts";
import type { CapacityResult, Point } from "./schema.ts";

/** One load on one variant of a system in one round, as it was seen from all sides. */
export interface Measurement {
  readonly system: string;
  readonly variant: string;
  readonly load: string;
  /** The load as the key names it: with its rate, where one is stated. */
  readonly label: string;
  readonly round: number;
  /** Requests a loop keeps in flight; null where they come at their own times. */
  readonly inFlight: number | null;
  /** null where the answers set the pace. */
  readonly offeredPerSecond: number | null;
  readonly observed: Observations;
  readonly quality: AnswerQuality;
  /** null where the system could not be asked. */
  readonly usage: SystemUsage | null;
  /** null where there is no GPU that could be watched. */
  readonly gpu: GpuUsage | null;
  /** What was seen of its processes from outside; empty where they cannot be seen. */
  readonly course: readonly ResourceSample[];
  /** CPUs the system may use; null where they are not ours to know. */
  readonly systemCores: number | null;
  /** p99 of the same load on the null system; null where it was not measured. */
  readonly floorP99Ms: number | null;
  /** Changes of the catalogue meanwhile; null: it stood still. */
  readonly updates: MeasuredUpdates | null;
  /** The blocks it was measured in. */
  readonly blocks: readonly MeasuredBlock[];
  /** What was done to the system on purpose; empty: nothing. */
  readonly strikes: readonly Strike[];
  /** What a search found; null for every other load. */
  readonly capacity: CapacityResult | null;
}

export interface MeasuredUpdates extends UpdatesSent {
  /** As the scenario asks for. */
  readonly perSecond: number;
  readonly lostAfterSeconds: number;
  /** Version of the items that each service had at the end, as the system tells it. */
  readonly versions: ReadonlyMap<string, number>;
}

/** A second of a point, or all of it. */
export interface MeasuredBlock {
  readonly seconds: number;
  readonly throughputPerSecond: number;
  /** Fixed work just before it, in milliseconds. */
  readonly calibrationMs: number;
}

/** `system[variant]/load@rate/round`: what names a point in a result. */
export function pointKey(
  point: Pick<Measurement, "system" | "variant" | "label" | "round">,
): string {
  const { system, variant, label, round } = point;
  return `${system}${variant === "" ? "" : `[${variant}]`}/${label}/${round}`;
}

/** A measurement as the result holds it, with its verdict. */
export function toPoint(measurement: Measurement): Omit<Point, "samples" | "sitting"> {
  const { observed, quality, system, variant, load, round, capacity } = measurement;
  const { seconds, completed, client } = observed;
  const errors = [...observed.errors.values()].reduce((sum, { count }) => sum + count, 0);
  const throughputPerSecond = seconds > 0 ? completed / seconds : 0;
  const latencyMs = latencyOf(observed.latency);
  const used = usedInWindow(measurement);
  const overloaded = overloadOf(measurement);
  const faults = faultsOf(measurement);
  // What a fault brings about is what was asked for.
  const asked = faults.reduce((sum, fault) => sum + fault.errors, 0);
  const { verdict, bound, reasons } = judgeStretch({
    completed,
    errors: errors - asked,
    endedEarly: observed.endedEarly,
    overloaded,
    scored: quality.scored,
    violations: quality.violations,
    client: { ...client, floorP99Ms: measurement.floorP99Ms },
    latencyP99Ms: roughP99Ms(observed),
    inFlight: measurement.inFlight,
    offeredPerSecond: arrivedPerSecond(measurement),
    meanLatencyMs: latencyMs.mean ?? 0,
    throughputPerSecond,
    systemCpuShare: cpuShareOf(used.cpuSeconds, measurement),
  });
  const goodShare = quality.scored === 0 ? 0 : quality.good / quality.scored;
  const doubtful = [
    ...(capacity === null ? [] : faultsOfSearch(capacity)),
    ...faultsOfUpdates(measurement.updates),
  ];
  return {
    key: pointKey(measurement),
    system,
    variant,
    load,
    round,
    offeredPerSecond: measurement.offeredPerSecond,
    state: stateOf(observed, overloaded),
    bound: boundAt(capacity, bound),
    verdict: doubtful.length > 0 ? "invalid" : verdict,
    reasons: [...doubtful, ...reasons],
    seconds,
    completed,
    throughputPerSecond,
    goodputPerSecond: throughputPerSecond * goodShare,
    errors,
    late: observed.late,
    unsent: observed.unsent,
    latencyMs,
    latencyIntervalsMs: latencyIntervalsOf(observed.latency),
    sendLatencyMs: observed.sendLatency === null ? null : latencyOf(observed.sendLatency),
    recall: Number.isNaN(quality.recall) ? null : quality.recall,
    scored: quality.scored - quality.partial,
    violations: quality.violations,
    short: quality.short,
    partial: quality.partial,
    faults,
    ...used,
    course: toCourse(measurement.course),
    filters: byFilter(quality),
    updates: updatesOf(measurement),
    client: {
      cpuShare: client.cpuShare,
      lagP99Ms: client.lagP99Ms,
      gcShare: client.gcShare,
      floorP99Ms: measurement.floorP99Ms,
      waitShare: client.waitShare,
      threads: observed.threads,
    },
    calibration: {
      ms: median(measurement.blocks.map(({ calibrationMs }) => calibrationMs)),
      deviation: null,
      flagged: false,
    },
    blocks: measurement.blocks.map((block) => ({ ...block, flagged: false })),
    capacity,
  };
}

function updatesOf({ updates, quality }: Measurement): Point["updates"] {
  if (updates === null) return null;
  const { perSecond, seconds, updates: taken, visible, over, unseen } = updates;
  const seen = visible.count;
  const looked = seen + unseen;
  // What was not seen took longer than anything that was.
  const quantile = (share: number): number | null =>
    seen === 0 || share * looked > seen ? null : visible.quantile((share * looked) / seen) / 1000;
  return {
    perSecond,
    takenPerSecond: seconds > 0 ? taken / seconds : 0,
    taken,
    visibleMs: {
      p50: quantile(0.5),
      p99: hasTail(looked, 0.99) ? quantile(0.99) : null,
      max: seen === 0 ? null : visible.max / 1000,
    },
    overMs: {
      p50: seen === 0 ? null : over.quantile(0.5) / 1000,
      max: seen === 0 ? null : over.max / 1000,
    },
    lostAfterSeconds: updates.lostAfterSeconds,
    seen,
    unseen,
    scored: quality.scored,
    versions: Object.fromEntries(updates.versions),
  };
}

/** Nothing where all answers are to one template: the point says it already. */
function byFilter({ byTemplate }: AnswerQuality): Point["filters"] {
  if (byTemplate.length < 2) return [];
  return byTemplate.map(({ template, answers, recall, violations, short, latency }) => {
    const { p50, p99 } = latencyOf(latency);
    return { filter: template, answers, recall, violations, short, p50Ms: p50, p99Ms: p99 };
  });
}

function faultsOf({ observed, quality, strikes }: Measurement): FaultEffect[] {
  if (strikes.length === 0) return [];
  const { answers, failuresMs } = observed;
  const events = quality.worth.map((worth, i) => ({
    doneMs: answers.doneMs[i]!,
    latencyMs: answers.latencyMs[i]!,
    worth,
  }));
  return effectsOf(strikes, { answers: events, failuresMs });
}

/** At its capacity a system keeps up by definition; what gave way beyond it is the limit. */
function boundAt(capacity: CapacityResult | null, bound: Point["bound"]): Point["bound"] {
  if (capacity === null || bound === "client") return bound;
  return capacity.limit === "none" ? "unknown" : capacity.limit;
}

/** A system that takes an update and never shows it has lost it, however fast it is otherwise. */
function faultsOfUpdates(updates: MeasuredUpdates | null): string[] {
  if (updates === null) return [];
  const { updates: taken, visible, unseen, lostAfterSeconds } = updates;
  if (taken === 0) return ["no update was due in all its time"];
  if (unseen === 0) return [];
  const looked = visible.count + unseen;
  return [`${unseen} of ${looked} updates were in no answer within ${lostAfterSeconds} s`];
}

function faultsOfSearch({ heldPerSecond, confirmed }: CapacityResult): string[] {
  if (heldPerSecond === 0) return ["no rate held the objective"];
  return confirmed ? [] : ["the rate that held did not hold again for longer"];
}

/** Where there are too few samples to show it, still good enough to hold the client against. */
function roughP99Ms({ latency }: Observations): number | null {
  return latency.count === 0 ? null : latency.quantile(0.99) / 1000;
}

/** Arrivals are random: what came in the window is not the rate times its length. */
function arrivedPerSecond({ offeredPerSecond, observed }: Measurement): number | null {
  if (offeredPerSecond === null || observed.offered === null || observed.seconds === 0) return null;
  return observed.offered / observed.seconds;
}

/** A system that refuses more than this share is overloaded, as one that lets them pile up is. */
const REFUSED_SHARE = 0.01;

function overloadOf({ observed, offeredPerSecond }: Measurement): string | null {
  if (observed.overloaded !== null || offeredPerSecond === null) return observed.overloaded;
  const refused = observed.errors.get("OVERLOADED")?.count ?? 0;
  const asked = observed.answered + refused;
  return refused > REFUSED_SHARE * asked ? `it refused ${refused} of ${asked} requests` : null;
}

function stateOf(observed: Observations, overloaded: string | null): Point["state"] {
  if (observed.endedEarly !== null) return "failed";
  if (overloaded !== null) return "overloaded";
  return observed.completed === 0 ? "failed" : "ok";
}

/** Counters that tell the version of the items that a service has. */
export const VERSION_PREFIX = "version.";

type Used = Pick<
  Point,
  "cpuSeconds" | "rssBytes" | "processes" | "gpu" | "stages" | "batch" | "counters"
>;

/** What the system used. It was counted over the whole drive, and so were the answers. */
function usedInWindow({ observed, usage, gpu }: Measurement): Used {
  const device = gpu ?? (usage?.gpu ? { ...usage.gpu, watts: null } : null);
  if (usage === null || observed.answered === 0) {
    const nothing = { cpuSeconds: null, rssBytes: usage?.rssBytes ?? null, processes: [] };
    return { ...nothing, gpu: device, stages: {}, batch: null, counters: {} };
  }
  const share = observed.completed / observed.answered;
  return {
    cpuSeconds: usage.cpuSeconds * share,
    rssBytes: usage.rssBytes,
    processes: usage.processes.map((process) => ({
      ...process,
      cpuSeconds: process.cpuSeconds * share,
      contextSwitches: Math.round(process.contextSwitches * share),
    })),
    gpu: device === null ? null : { ...device, busySeconds: device.busySeconds * share },
    stages: usage.stages,
    batch: usage.batch,
    counters: Object.fromEntries(
      [...usage.counters].flatMap(([name, count]) =>
        // A version is no amount; where there are updates, they tell it.
        name.startsWith(VERSION_PREFIX) ? [] : [[name, count * share]],
      ),
    ),
  };
}

function cpuShareOf(cpuSeconds: number | null, measurement: Measurement): number | null {
  const { systemCores, observed } = measurement;
  if (cpuSeconds === null || systemCores === null || observed.seconds === 0) return null;
  return cpuSeconds / observed.seconds / systemCores;
}
