import type { Point } from "./schema.ts";

/** A number that each point has, or lacks. */
export interface Metric {
  readonly label: string;
  readonly unit: string;
  /** Which direction is good. */
  readonly better: "higher" | "lower";
  /** null: not measured at this point. */
  readonly of: (point: Point) => number | null;
}

/** What can be compared between systems and gated, by the word that expressions use. */
export const METRICS = {
  throughput: {
    label: "throughput",
    unit: "requests/s",
    better: "higher",
    of: (point) => point.throughputPerSecond,
  },
  goodput: {
    label: "goodput",
    unit: "requests/s",
    better: "higher",
    of: (point) => point.goodputPerSecond,
  },
  p50: { label: "p50 latency", unit: "ms", better: "lower", of: (point) => point.latencyMs.p50 },
  p90: { label: "p90 latency", unit: "ms", better: "lower", of: (point) => point.latencyMs.p90 },
  p99: { label: "p99 latency", unit: "ms", better: "lower", of: (point) => point.latencyMs.p99 },
  recall: { label: "recall", unit: "", better: "higher", of: (point) => point.recall },
  violations: {
    label: "violations",
    unit: "ids",
    better: "lower",
    of: (point) => point.violations,
  },
  short: { label: "short answers", unit: "answers", better: "lower", of: (point) => point.short },
  cpu: {
    label: "CPU a request",
    unit: "ms",
    better: "lower",
    of: (point) =>
      point.cpuSeconds === null || point.completed === 0
        ? null
        : (point.cpuSeconds * 1000) / point.completed,
  },
} as const satisfies Record<string, Metric>;

export type MetricName = keyof typeof METRICS;
