import type { Observations } from "../load/observations.ts";
import type { AnswerQuality } from "../measure/answer-quality.ts";
import type { SystemUsage } from "../measure/system-usage.ts";
import { judgeStretch } from "../measure/validity.ts";
import type { Histogram } from "../math/histogram.ts";
import type { Point } from "./schema.ts";

/** One load on one variant of a system in one round, as it was seen from all sides. */
export interface Measurement {
  readonly system: string;
  readonly variant: string;
  readonly load: string;
  readonly round: number;
  /** Requests a closed loop keeps in flight; null for other shapes. */
  readonly inFlight: number | null;
  readonly observed: Observations;
  readonly quality: AnswerQuality;
  /** null where the system could not be asked any more. */
  readonly usage: SystemUsage | null;
  /** CPUs the system may use. */
  readonly systemCores: number;
}

/** `system[variant]/load/round`: what names a point in a result. */
export function pointKey({
  system,
  variant,
  load,
  round,
}: Omit<Point, "key"> | Measurement): string {
  return `${system}${variant === "" ? "" : `[${variant}]`}/${load}/${round}`;
}

/** A measurement as the result holds it, with its verdict. */
export function toPoint(measurement: Measurement): Omit<Point, "samples"> {
  const { observed, quality, usage, system, variant, load, round } = measurement;
  const { seconds, completed, client } = observed;
  const errors = [...observed.errors.values()].reduce((sum, { count }) => sum + count, 0);
  const throughputPerSecond = seconds > 0 ? completed / seconds : 0;
  const latencyMs = latencyOf(observed.latency);
  // Usage was counted over the whole drive, run-up and tail included; so were the answers.
  const windowShare = observed.answered === 0 ? 0 : completed / observed.answered;
  const cpuSeconds =
    usage === null || observed.answered === 0 ? null : usage.cpuSeconds * windowShare;
  const { verdict, bound, reasons } = judgeStretch({
    completed,
    errors,
    endedEarly: observed.endedEarly,
    scored: quality.scored,
    violations: quality.violations,
    client,
    latencyP99Ms: latencyMs.p99 ?? 0,
    inFlight: measurement.inFlight,
    meanLatencyMs: latencyMs.mean ?? 0,
    throughputPerSecond,
    systemCpuShare:
      cpuSeconds === null || seconds === 0 ? null : cpuSeconds / seconds / measurement.systemCores,
  });
  const goodShare = quality.scored === 0 ? 0 : 1 - quality.faulty / quality.scored;
  return {
    key: pointKey(measurement),
    system,
    variant,
    load,
    round,
    offeredPerSecond: null,
    state: completed === 0 || observed.endedEarly !== null ? "failed" : "ok",
    bound,
    verdict,
    reasons: [...reasons],
    seconds,
    completed,
    throughputPerSecond,
    goodputPerSecond: throughputPerSecond * goodShare,
    errors,
    late: 0,
    unsent: 0,
    latencyMs,
    recall: Number.isNaN(quality.recall) ? null : quality.recall,
    violations: quality.violations,
    short: quality.short,
    cpuSeconds,
    rssBytes: usage?.rssBytes ?? null,
    processes:
      usage === null
        ? []
        : usage.processes.map((process) => ({
            ...process,
            cpuSeconds: process.cpuSeconds * windowShare,
          })),
    gpu: usage?.gpu == null ? null : { ...usage.gpu, watts: null },
    stages: usage === null ? {} : usage.stages,
    batch: usage?.batch ?? null,
    counters: Object.fromEntries(
      [...(usage?.counters ?? [])].map(([name, count]) => [name, count * windowShare]),
    ),
    client: {
      cpuShare: client.cpuShare,
      lagP99Ms: client.lagP99Ms,
      gcShare: client.gcShare,
      floorP99Ms: null,
    },
  };
}

/** Samples above a percentile that it takes before the percentile is shown. */
const TAIL_SAMPLES = 10;

/** Percentiles in milliseconds; null where there are too few samples for one. */
function latencyOf(histogram: Histogram): Point["latencyMs"] {
  const { count } = histogram;
  const at = (share: number): number | null =>
    count * (1 - share) >= TAIL_SAMPLES ? histogram.quantile(share) / 1000 : null;
  return {
    p50: at(0.5),
    p90: at(0.9),
    p95: at(0.95),
    p99: at(0.99),
    p999: at(0.999),
    max: count === 0 ? null : histogram.max / 1000,
    mean: count === 0 ? null : histogram.mean / 1000,
  };
}
