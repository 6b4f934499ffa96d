import type { Result } from "../result/schema.ts";
import { medianOf } from "../result/standing.ts";
import { digest } from "./digest.ts";

/** One row of github-action-benchmark's `customBiggerIsBetter`. */
export interface BenchmarkActionRow {
  readonly name: string;
  readonly unit: string;
  readonly value: number;
  readonly range?: string;
  readonly extra?: string;
}

/**
 * Rows for github-action-benchmark with `tool: customBiggerIsBetter`: throughput and recall of each
 * system, and throughput ratios. Only what was validly measured has a row.
 */
export function benchmarkActionRows(result: Result): BenchmarkActionRow[] {
  const { systems, load } = digest(result, new Map());
  const perSystem = systems.flatMap(({ name, standing }): BenchmarkActionRow[] => {
    const throughput = medianOf(standing, "throughput");
    const recall = medianOf(standing, "recall");
    const extra = `${load.text}; median of ${standing.valid.length} rounds`;
    return [
      ...(throughput === null
        ? []
        : [{ name: `throughput(${name})`, unit: "requests/s", value: throughput, extra }]),
      ...(recall === null
        ? []
        : [{ name: `recall(${name})`, unit: "share", value: recall, extra }]),
    ];
  });
  const ratios = result.comparisons
    .filter(({ metric, ratio }) => metric === "throughput" && ratio !== null)
    .map(({ of, over, ratio, low, high, method }): BenchmarkActionRow => {
      const row = {
        name: `throughput(${of})/throughput(${over})`,
        unit: "times",
        value: ratio!,
        extra: method,
      };
      return low === null || high === null ? row : { ...row, range: `${low} to ${high}` };
    });
  return [...perSystem, ...ratios];
}
