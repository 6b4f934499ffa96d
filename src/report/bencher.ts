import { METRICS } from "../result/metric.ts";
import type { MetricName } from "../result/metric.ts";
import type { Result } from "../result/schema.ts";
import { medianOf } from "../result/standing.ts";
import { statedRatios } from "../result/stated-ratio.ts";
import { digest } from "./digest.ts";

interface BencherMeasure {
  readonly value: number;
  readonly lower_value?: number;
  readonly upper_value?: number;
}

/** Bencher Metric Format: benchmark -> measure -> value with optional bounds. */
export type BencherMetrics = Record<string, Record<string, BencherMeasure>>;

const MEASURES: Readonly<Record<string, MetricName>> = {
  throughput: "throughput",
  goodput: "goodput",
  "latency-p50-ms": "p50",
  "latency-p99-ms": "p99",
  recall: "recall",
  "cpu-ms-per-request": "cpu",
};

/**
 * The result in the Bencher Metric Format: for each system medians over valid rounds with the
 * smallest and largest round as bounds, for each pair the throughput ratio with its interval.
 */
export function bencherMetrics(result: Result): BencherMetrics {
  const metrics: BencherMetrics = {};
  const prefix = result.scenario.name;
  for (const { name, standing } of digest(result, new Map()).systems) {
    const measures: Record<string, BencherMeasure> = {};
    for (const [measure, metric] of Object.entries(MEASURES)) {
      const value = medianOf(standing, metric);
      if (value === null) continue;
      const rounds = standing.valid.flatMap((point) => METRICS[metric].of(point) ?? []);
      measures[measure] = {
        value,
        lower_value: Math.min(...rounds),
        upper_value: Math.max(...rounds),
      };
    }
    if (Object.keys(measures).length > 0) metrics[`${prefix}/${name}`] = measures;
  }
  for (const { of, over, ratio, low, high } of statedRatios(result.comparisons)) {
    const bounds = low === null || high === null ? {} : { lower_value: low, upper_value: high };
    metrics[`${prefix}/${of} over ${over}`] = { "throughput-ratio": { value: ratio, ...bounds } };
  }
  return metrics;
}
