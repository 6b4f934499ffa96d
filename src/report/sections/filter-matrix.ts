import type { TopLevelSpec } from "vega-lite";
import { filterMatrix } from "../../result/filter-matrix.ts";
import type { Correlation, MatrixCell } from "../../result/filter-matrix.ts";
import { firstOf } from "../../result/role.ts";
import { medianOf, totalOf } from "../../result/standing.ts";
import { CHART_BASE, HOLLOW } from "../chart-style.ts";
import type { DataTable } from "../data-table.ts";
import type { Digest, SystemDigest } from "../digest.ts";
import { renderFigure } from "../figure.ts";
import type { Chart } from "../figure.ts";
import {
  formatCount,
  formatNumber,
  formatPercent,
  formatShare,
  formatTimes,
  MISSING,
} from "../format.ts";
import { html } from "../html.ts";
import { logTicks } from "../log-ticks.ts";
import type { Section } from "../section.ts";
import { systemNamed } from "../system-name.ts";
import { bySystem } from "../system-scale.ts";
import { CORRELATIONS, matrixBasis, rowLabels } from "./matrix-words.ts";
import { matrixFrontiers } from "./matrix-frontiers.ts";
import { matrixRatios } from "./matrix-ratios.ts";

const HEADINGS: Readonly<Record<Correlation, string>> = {
  near: "What passes lies near the user",
  independent: "What passes lies anywhere",
  elsewhere: "What passes lies elsewhere",
};

/** Selectivity against correlation; null where no load asks the requests of one filter only. */
export function filterMatrixSection(digest: Digest): Section | null {
  const cells = filterMatrix(digest.result);
  const measured = cells.filter(({ systems }) =>
    systems.some(({ standing }) => standing.valid.length > 0),
  );
  if (measured.length === 0) return null;
  const mesh = firstOf(digest.result, "mesh");
  return {
    id: "filter-matrix",
    title: "Selectivity and correlation",
    lead: "A filter that lets few items pass, and one whose items lie far from what the user likes, are two different tests. Both were measured on the very requests.",
    body: html`${renderFigure({
      charts: CORRELATIONS.flatMap((correlation) => chartOf(digest, measured, correlation) ?? []),
      says: "Answers a second for the requests of one filter at a time, by the share of items that it lets pass; all charts have one axis. A hollow mark misses the recall target or answers short.",
      basis: matrixBasis(digest, measured),
      table: matrixTable(digest, measured),
    })}
    ${mesh === null ? null : matrixRatios(digest, measured, mesh)}
    ${matrixFrontiers(digest, measured)}`,
  };
}

function chartOf(
  digest: Digest,
  all: readonly MatrixCell[],
  correlation: Correlation,
): Chart | null {
  const cells = all.filter((cell) => cell.correlation === correlation);
  if (cells.length === 0) return null;
  const said = cells.map(
    ({ name, passRate, systems }) =>
      `${name}, ${formatPercent(passRate)} pass: ${systems.map(({ standing }) => `${standing.system} ${formatNumber(medianOf(standing, "throughput"))}`).join(", ")}`,
  );
  return {
    id: `filter-matrix-${correlation}`,
    heading: html`${HEADINGS[correlation]}`,
    spec: matrixSpec(digest.systems, cells, all),
    alt: `Answers a second. ${said.join("; ")}.`,
  };
}

export function matrixSpec(
  systems: readonly SystemDigest[],
  cells: readonly MatrixCell[],
  all: readonly MatrixCell[],
): TopLevelSpec {
  const labels = rowLabels(all);
  const values = cells.flatMap(({ row, name, systems: each }) =>
    each.flatMap(({ standing }) => {
      const perSecond = medianOf(standing, "throughput");
      if (perSecond === null || perSecond <= 0) return [];
      const isGood = standing.shortcomings.length === 0;
      const recall = medianOf(standing, "recall");
      return [{ system: standing.system, row: labels.get(row)!, name, perSecond, recall, isGood }];
    }),
  );
  const rates = all.flatMap(({ systems: each }) =>
    each.flatMap(({ standing }) => medianOf(standing, "throughput") ?? []),
  );
  const [slowest, fastest] = [Math.min(...rates) / 1.25, Math.max(...rates) * 1.25];
  const rows = [...new Set(cells.map(({ row }) => labels.get(row)!))];
  const y = {
    field: "row",
    type: "nominal",
    title: null,
    scale: { domain: rows },
    axis: { grid: true, minExtent: 76, maxExtent: 76 },
  } as const;
  const x = {
    field: "perSecond",
    type: "quantitative" as const,
    title: "answers a second (log)",
    scale: { type: "log" as const, domain: [slowest, fastest], nice: false as const },
    axis: { values: logTicks(slowest, fastest), format: ",~s", grid: true, labelOverlap: true },
  };
  const { color, shape } = bySystem(systems, "point");
  const tooltip = [
    { field: "system", title: "system" },
    { field: "name", title: "filter" },
    { field: "perSecond", title: "requests/s", format: ",.0f" },
    { field: "recall", title: "recall", format: ".4~f" },
  ];
  return {
    ...CHART_BASE,
    height: rows.length * 38,
    data: { values },
    layer: [
      {
        transform: [{ filter: "datum.isGood" }],
        mark: { type: "point", filled: true, size: 85, opacity: 1 },
        encoding: { x, y, color, shape, tooltip },
      },
      {
        transform: [{ filter: "!datum.isGood" }],
        mark: { ...HOLLOW },
        encoding: { x, y, stroke: color, shape, tooltip },
      },
    ],
  };
}

function matrixTable(digest: Digest, cells: readonly MatrixCell[]): DataTable {
  const labels = [
    "filter",
    "template",
    "items that pass",
    "lift near the user",
    "system",
    "requests/s",
    "over the mesh",
    "95% interval",
    "p50, ms",
    "p99, ms",
    "recall",
    "violations",
    "short",
    "valid rounds",
  ];
  const columns = labels.map((label, i) => ({
    label,
    align: i < 2 || i === 4 ? ("left" as const) : ("right" as const),
  }));
  const rows = cells.flatMap(({ name, template, passRate, lift, systems }) =>
    systems.map(({ standing, overMesh }) => [
      name,
      template === "" ? html`<span class="quiet">none</span>` : html`<code>${template}</code>`,
      formatPercent(passRate),
      lift === null ? MISSING : formatTimes(lift),
      systemNamed(digest.systems, standing.system),
      formatNumber(medianOf(standing, "throughput")),
      formatTimes(overMesh?.ratio ?? null),
      overMesh === null || overMesh.low === null || overMesh.high === null
        ? MISSING
        : `${formatNumber(overMesh.low)} to ${formatNumber(overMesh.high)}`,
      formatNumber(medianOf(standing, "p50")),
      formatNumber(medianOf(standing, "p99")),
      formatShare(medianOf(standing, "recall")),
      formatCount(totalOf(standing, "violations")),
      formatCount(totalOf(standing, "short")),
      `${standing.valid.length} of ${standing.points.length}`,
    ]),
  );
  return { caption: "Selectivity and correlation, system by system", columns, rows };
}
