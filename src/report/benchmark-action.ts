import { METRICS } from "../result/metric.ts";
import type { MetricName } from "../result/metric.ts";
import type { Result } from "../result/schema.ts";
import { medianOf, totalOf } from "../result/standing.ts";
import { statedRatios } from "../result/stated-ratio.ts";
import { digest } from "./digest.ts";
import type { SystemDigest } from "./digest.ts";

/** One row of github-action-benchmark's `customBiggerIsBetter` or `customSmallerIsBetter`. */
export interface BenchmarkActionRow {
  readonly name: string;
  readonly unit: string;
  readonly value: number;
  readonly range?: string;
  readonly extra?: string;
}

/**
 * Rows for github-action-benchmark with `tool: customBiggerIsBetter`: throughput and recall of each
 * system, and throughput ratios. Only what was validly measured, and of ratios what may be quoted,
 * has a row.
 */
export function biggerIsBetterRows(result: Result): BenchmarkActionRow[] {
  const { systems, load } = digest(result, new Map());
  const perSystem = systems.flatMap((system) => [
    ...medianRow(system, "throughput", load.text),
    ...medianRow(system, "recall", load.text),
  ]);
  const ratios = statedRatios(result.comparisons).map(
    ({ of, over, ratio, low, high, method }): BenchmarkActionRow => {
      const row = {
        name: `throughput(${of})/throughput(${over})`,
        unit: "times",
        value: ratio,
        extra: method,
      };
      return low === null || high === null ? row : { ...row, range: `${low} to ${high}` };
    },
  );
  return [...perSystem, ...ratios];
}

/**
 * Rows for `tool: customSmallerIsBetter`, which that tool wants in a file of their own: latency,
 * CPU a request, dollars, and faults.
 */
export function smallerIsBetterRows(result: Result): BenchmarkActionRow[] {
  const { systems, load } = digest(result, new Map());
  return systems.flatMap((system): BenchmarkActionRow[] => {
    const { name, standing } = system;
    const cost = result.cost.find((row) => row.system === name && row.basis === "machines");
    const rounds = standing.points.length;
    const faults = (["violations", "short", "errors"] as const).map((fault) => ({
      name: `${fault}(${name})`,
      unit: fault === "violations" ? "ids" : "answers",
      value: totalOf(standing, fault),
      extra: `${load.text}; total of ${rounds} rounds`,
    }));
    return [
      ...(["p50", "p99", "cpu"] as const).flatMap((metric) => medianRow(system, metric, load.text)),
      ...(cost === undefined
        ? []
        : [
            {
              name: `dollars(${name})`,
              unit: "$ a million requests",
              value: cost.dollarsPerMillion,
              extra: `whole machines, price sheet ${cost.sheet}`,
            },
          ]),
      // Nought is only claimed where something was measured.
      ...(rounds === 0 ? [] : faults),
    ];
  });
}

function medianRow(
  { name, standing }: SystemDigest,
  metric: MetricName,
  load: string,
): BenchmarkActionRow[] {
  const value = medianOf(standing, metric);
  if (value === null) return [];
  const { unit } = METRICS[metric];
  const extra = `${load}; median of ${standing.valid.length} rounds`;
  return [{ name: `${metric}(${name})`, unit: unit === "" ? "share" : unit, value, extra }];
}
