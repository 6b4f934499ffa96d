import Table from "cli-table3";
import { METRICS } from "../result/metric.ts";
import type { Result } from "../result/schema.ts";
import type { Standing } from "../result/standing.ts";
import { medianOf, standingOf, totalOf } from "../result/standing.ts";
import { type StatedRatio, statedRatio, statedRatios } from "../result/stated-ratio.ts";

type Summarised = Pick<Result, "systems" | "scenario" | "points" | "comparisons" | "cost">;

interface Row {
  readonly label: string;
  readonly of: (standing: Standing, result: Summarised) => string;
}

const ROWS: readonly Row[] = [
  { label: "requests a second", of: (standing) => counted(medianOf(standing, "throughput")) },
  { label: "p50, ms", of: (standing) => precise(medianOf(standing, "p50")) },
  { label: "p99, ms", of: (standing) => precise(medianOf(standing, "p99")) },
  { label: "recall", of: (standing) => fixed(medianOf(standing, "recall"), 4) },
  { label: "violations", of: (standing) => counted(totalOf(standing, "violations")) },
  { label: "short answers", of: (standing) => counted(totalOf(standing, "short")) },
  {
    // Milliseconds a request are seconds a thousand requests.
    label: "CPU s per 1,000 requests",
    of: (standing) => precise(medianOf(standing, "cpu")),
  },
  { label: "$ per million requests", of: (standing, result) => dollars(standing, result) },
  { label: "valid rounds", of: ({ valid, points }) => `${valid.length} of ${points.length}` },
];

/**
 * The numbers of a result for a terminal: a column for each system at the headline load, medians
 * over valid rounds; violations and short answers are totals over all rounds.
 */
export function summaryTable(result: Summarised): string {
  const standings = Object.keys(result.systems).map((system) => standingOf(result, system));
  const table = new Table({
    head: ["", ...standings.map(({ system }) => system)],
    colAligns: ["left", ...standings.map(() => "right" as const)],
    style: { head: [], border: [] },
    chars: BARE,
  });
  for (const { label, of } of [...ROWS, ...ratioRows(result)]) {
    table.push([label, ...standings.map((standing) => of(standing, result))]);
  }
  return table
    .toString()
    .split("\n")
    .map((line) => line.trimEnd())
    .join("\n");
}

/** One rule under the head, none elsewhere: numbers speak, lines do not. */
export const BARE = {
  top: "",
  "top-mid": "",
  "top-left": "",
  "top-right": "",
  bottom: "",
  "bottom-mid": "",
  "bottom-left": "",
  "bottom-right": "",
  left: "",
  right: "",
  "left-mid": "",
  "right-mid": "",
  mid: "",
  "mid-mid": "",
  middle: " ",
};

function dollars({ system, load }: Standing, { cost }: Summarised): string {
  const row = cost.find(
    (each) => each.system === system && each.load === load && each.basis === "machines",
  );
  return row === undefined ? NOTHING : precise(row.dollarsPerMillion);
}

/** For each system that others are held against: throughput over its throughput, and the interval. */
function ratioRows({ comparisons }: Summarised): Row[] {
  return [...new Set(statedRatios(comparisons).map(({ over }) => over))].flatMap((over) => {
    const found = ({ system }: Standing): StatedRatio | null =>
      statedRatio(comparisons, system, over);
    return [
      { label: `throughput over ${over}`, of: (standing) => ratio(found(standing)) },
      { label: "  95% interval", of: (standing) => interval(found(standing)) },
    ];
  });
}

const ratio = (stated: StatedRatio | null): string =>
  stated === null ? NOTHING : `${precise(stated.ratio)}x`;

function interval(comparison: StatedRatio | null): string {
  const { low = null, high = null } = comparison ?? {};
  return low === null || high === null ? NOTHING : `${precise(low)} to ${precise(high)}`;
}

const NOTHING = "-";

const counted = (value: number | null): string =>
  value === null ? NOTHING : Math.round(value).toLocaleString("en-US");

const fixed = (value: number | null, digits: number): string =>
  value === null ? NOTHING : value.toFixed(digits);

/** Three significant digits, grouped where large. */
function precise(value: number | null): string {
  if (value === null) return NOTHING;
  return Math.abs(value) >= 1000 ? counted(value) : String(Number(value.toPrecision(3)));
}

/** The rows' metrics by name, for the machine-readable summary. */
export function summaryNumbers(result: Summarised): Record<string, Record<string, number | null>> {
  const metrics = Object.keys(METRICS) as (keyof typeof METRICS)[];
  const entries = Object.keys(result.systems).map((system) => {
    const standing = standingOf(result, system);
    return [
      system,
      Object.fromEntries(metrics.map((name) => [name, medianOf(standing, name)])),
    ] as const;
  });
  return Object.fromEntries(entries);
}
