import type { RunComparison, RunComparisonRow } from "../../gate/run-comparison.ts";
import { METRICS } from "../../result/metric.ts";
import { renderTable } from "../data-table.ts";
import type { DataTable } from "../data-table.ts";
import { renderFigure } from "../figure.ts";
import type { Chart } from "../figure.ts";
import { formatNumber, formatShare, formatTimes, MISSING } from "../format.ts";
import { html } from "../html.ts";
import type { Section } from "../section.ts";
import { domainOf, ratiosSpec } from "../sections/ratios.ts";
import type { Gain } from "../sections/ratios.ts";
import { verdictMark } from "./verdict-mark.ts";

/** Every change with its interval; null where no system is in both runs. */
export function changesSection({ rows, otherLoads }: RunComparison): Section | null {
  if (rows.length === 0) return null;
  const subjects = [...new Set(rows.map(({ subject }) => subject))];
  const domain = domainOf(rows.flatMap((row) => gainOf(row) ?? []));
  const charts = subjects.flatMap((subject, i): Chart[] => {
    const gains = rows.flatMap((row) => (row.subject === subject ? (gainOf(row) ?? []) : []));
    if (gains.length === 0) return [];
    const said = gains.map(
      ({ metric, gain, verdict }) => `${metric} ${formatTimes(gain)} ${verdict}`,
    );
    return [
      {
        id: `changes-${i + 1}`,
        heading: html`${subject}`,
        spec: ratiosSpec(gains, domain),
        alt: `${subject}, after over before, turned so that above 1 is better: ${said.join(", ")}.`,
      },
    ];
  });
  const table = changesTable("Every change at the headline load", rows);
  return {
    id: "changes",
    title: "Every change, with its interval",
    lead: "After over before, turned so that right is better: half the latency stands at 2×. The line at 1× is no change.",
    body: html`${
      charts.length === 0
        ? renderTable(table)
        : renderFigure({
            charts,
            says: "Dots are ratios of geometric means, bars are 95% intervals. Better and worse have their whole interval on one side; the same lies within 1% of no change; all else is inconclusive.",
            basis: `${rows[0]!.rounds[0]} rounds before and ${rows[0]!.rounds[1]} after, load ${rows[0]!.load}`,
            table,
          })
    }
    ${otherLoads.length === 0 ? null : renderTable(changesTable("Changes at the other loads", otherLoads))}`,
  };
}

function changesTable(caption: string, rows: readonly RunComparisonRow[]): DataTable {
  return {
    caption,
    columns: [
      { label: "of" },
      { label: "load", align: "left" },
      { label: "metric", align: "left" },
      { label: "before" },
      { label: "after" },
      { label: "after / before" },
      { label: "95% interval" },
      { label: "rounds" },
      { label: "verdict", align: "left" },
    ],
    rows: rows.map((row) => [
      row.subject,
      row.load,
      // Within a run it is a ratio, which has no unit.
      row.subject.includes(" over ") ? "throughput ratio" : labelOf(row),
      valueText(row, row.before),
      valueText(row, row.after),
      formatTimes(row.ratio),
      row.low === null || row.high === null
        ? MISSING
        : `${formatNumber(row.low)} to ${formatNumber(row.high)}`,
      row.rounds.join(", "),
      verdictMark(row.verdict),
    ]),
  };
}

function labelOf({ metric }: RunComparisonRow): string {
  const { label, unit } = METRICS[metric];
  return unit === "" ? label : `${label}, ${unit}`;
}

const valueText = ({ metric }: RunComparisonRow, value: number | null): string =>
  metric === "recall" ? formatShare(value) : formatNumber(value);

function gainOf({ metric, better, ratio, low, high, verdict }: RunComparisonRow): Gain | null {
  if (ratio === null) return null;
  const { label } = METRICS[metric];
  if (better === "higher") return { metric: label, gain: ratio, low, high, verdict };
  return { metric: label, gain: 1 / ratio, low: inverse(high), high: inverse(low), verdict };
}

const inverse = (value: number | null): number | null => (value === null ? null : 1 / value);
