import { METRICS } from "../../result/metric.ts";
import { renderTable } from "../data-table.ts";
import type { Digest } from "../digest.ts";
import { formatCount, formatNumber, formatPercent, formatShare } from "../format.ts";
import { html } from "../html.ts";
import type { Section } from "../section.ts";

/** Every point as it was measured, with its verdict. */
export function pointsSection({ result }: Digest): Section {
  const labels = [
    "point",
    "verdict",
    "answers",
    "req/s",
    "p50",
    "p99",
    "recall",
    "CPU ms",
    "errors",
    "late",
    "violations",
    "short",
    "client CPU",
  ];
  return {
    id: "points",
    title: "Every point",
    lead: "One row is one load on one system in one round, in the order it was measured. Latencies are milliseconds.",
    body: html`<details class="data">
      <summary>${formatCount(result.points.length)} points</summary>
      ${renderTable({
        caption: "Every point",
        columns: labels.map((label, i) => ({
          label,
          align: i < 2 ? ("left" as const) : ("right" as const),
        })),
        rows: result.points.map((point) => [
          point.key,
          point.verdict === "valid"
            ? point.state
            : html`<span class="verdict bad">invalid</span> ${point.reasons.join("; ")}`,
          formatCount(point.completed),
          formatNumber(point.throughputPerSecond),
          formatNumber(point.latencyMs.p50),
          formatNumber(point.latencyMs.p99),
          formatShare(point.recall),
          formatNumber(METRICS.cpu.of(point)),
          formatCount(point.errors),
          formatCount(point.late),
          formatCount(point.violations),
          formatCount(point.short),
          formatPercent(point.client.cpuShare),
        ]),
      })}
    </details>`,
  };
}
