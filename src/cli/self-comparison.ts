import { join } from "node:path";
import { isTooManyAlarms } from "../math/false-alarms.ts";
import type { Comparison, Result } from "../result/schema.ts";

/** One run of a system against itself: the headline metric, and whether it cried wolf. */
export interface SelfComparison {
  readonly folder: string;
  readonly of: string;
  readonly comparison: Comparison;
  readonly isAlarm: boolean;
}

/** @returns null where the run has no pair of valid rounds to compare. */
export function selfComparison(result: Result, folder: string): SelfComparison | null {
  const { falseAlarms, comparisons } = result;
  const comparison = comparisons.find(({ metric }) => metric === "throughput");
  if (falseAlarms === null || comparison === undefined || comparison.low === null) return null;
  return { folder, of: falseAlarms.of, comparison, isAlarm: falseAlarms.alarms > 0 };
}

/** What became of all runs together. */
export interface FalseAlarmRate {
  readonly comparisons: number;
  readonly alarms: number;
  /** More alarms than intervals that hold 95% of the time would raise. */
  readonly tooMany: boolean;
}

export function falseAlarmRate(compared: readonly SelfComparison[]): FalseAlarmRate {
  const alarms = compared.filter(({ isAlarm }) => isAlarm).length;
  const comparisons = compared.length;
  return { comparisons, alarms, tooMany: isTooManyAlarms(alarms, comparisons) };
}

/** The folder of one of several runs. */
export const runFolder = (out: string, run: number, runs: number): string =>
  runs === 1 ? out : join(out, `aa-${String(run).padStart(String(runs).length, "0")}`);

/** One line a run, then the rate. */
export function selfComparisonText(compared: readonly SelfComparison[]): string {
  const lines = compared.map(({ comparison, isAlarm }, run) => {
    const { ratio, low, high, n } = comparison;
    const interval = `${ratio!.toFixed(3)}  (95% interval ${low!.toFixed(3)} to ${high!.toFixed(3)}, ${n} pairs)`;
    return `  ${String(run + 1).padStart(3)}  ${interval}${isAlarm ? "  FALSE ALARM" : ""}`;
  });
  const { alarms, comparisons, tooMany } = falseAlarmRate(compared);
  const verdict = tooMany
    ? "more than chance allows: the intervals are too narrow on this machine"
    : "no more than chance allows for 95% intervals";
  const of = compared[0]?.of ?? "a system";
  return [
    `${of} against itself, throughput:`,
    ...lines,
    `${alarms} false alarm${alarms === 1 ? "" : "s"} in ${comparisons} comparison${comparisons === 1 ? "" : "s"}, ${verdict}.`,
  ].join("\n");
}
