import type { TopLevelSpec } from "vega-lite";
import type { MatrixCell } from "../../result/filter-matrix.ts";
import type { Comparison } from "../../result/schema.ts";
import { CHART_BASE } from "../chart-style.ts";
import type { Digest } from "../digest.ts";
import { renderFigure } from "../figure.ts";
import type { Chart } from "../figure.ts";
import { formatNumber, formatTimes, MISSING } from "../format.ts";
import { html } from "../html.ts";
import type { Html } from "../html.ts";
import { CORRELATIONS, matrixBasis, rowLabels } from "./matrix-words.ts";

/** What a ratio's cell says of itself besides its colour. */
const SIGNS: Readonly<Record<Comparison["verdict"], string>> = {
  better: "▲",
  worse: "▼",
  same: "=",
  inconclusive: "≈",
};

/** Throughput over the mesh's in every cell, a chart for each system; null where there is none. */
export function matrixRatios(
  digest: Digest,
  cells: readonly MatrixCell[],
  mesh: string,
): Html | null {
  const names = digest.systems.map(({ name }) => name).filter((name) => name !== mesh);
  const charts = names.flatMap((name): Chart[] => {
    const values = cells.flatMap((cell) => ratioOf(cell, name, rowLabels(cells)) ?? []);
    if (values.length === 0) return [];
    return [
      {
        id: `filter-matrix-ratio-${names.indexOf(name) + 1}`,
        heading: html`${name} over ${mesh}`,
        spec: ratioMatrixSpec(values),
        alt: `Throughput of ${name} over ${mesh}: ${values.map(({ row, correlation, text, verdict }) => `${row}, ${correlation}: ${text} ${verdict}`).join("; ")}.`,
      },
    ];
  });
  if (charts.length === 0) return null;
  return renderFigure({
    charts,
    says: "Throughput over the mesh's. ▲ better and ▼ worse have their whole 95% interval on one side of 1, = lies within 1% of it, ≈ is not settled. A cell in brackets compares systems of which one misses the recall target.",
    basis: matrixBasis(digest, cells),
    table: {
      caption: "Throughput over the mesh's by selectivity and correlation",
      columns: [
        { label: "filter" },
        { label: "correlation", align: "left" },
        ...names.map((name) => ({ label: name })),
      ],
      rows: cells.map((cell) => [
        cell.name,
        cell.correlation,
        ...names.map((name) => {
          const ratio = comparisonOf(cell, name);
          if (ratio === null || ratio.ratio === null) return MISSING;
          const { low, high } = ratio;
          const interval =
            low === null || high === null ? "" : ` (${formatNumber(low)} to ${formatNumber(high)})`;
          return `${formatTimes(ratio.ratio)}${interval} ${ratio.verdict}`;
        }),
      ]),
    },
  });
}

interface RatioCell {
  readonly row: string;
  readonly correlation: string;
  readonly text: string;
  readonly verdict: Comparison["verdict"];
  readonly filter: string;
}

function comparisonOf({ systems }: MatrixCell, name: string): Comparison | null {
  return systems.find(({ standing }) => standing.system === name)?.overMesh ?? null;
}

function ratioOf(
  cell: MatrixCell,
  name: string,
  labels: ReadonlyMap<number, string>,
): RatioCell | null {
  const comparison = comparisonOf(cell, name);
  if (comparison === null || comparison.ratio === null) return null;
  const { ratio, verdict, recallAt } = comparison;
  const said = `${SIGNS[verdict]} ${formatTimes(ratio)}`;
  return {
    row: labels.get(cell.row)!,
    correlation: cell.correlation,
    text: recallAt === null ? `(${said})` : said,
    verdict,
    filter: cell.name,
  };
}

export function ratioMatrixSpec(values: readonly RatioCell[]): TopLevelSpec {
  const rows = [...new Set(values.map(({ row }) => row))];
  const x = {
    field: "correlation",
    type: "nominal",
    title: null,
    scale: { domain: CORRELATIONS.filter((each) => values.some((v) => v.correlation === each)) },
    axis: { labelAngle: 0, orient: "top" },
  } as const;
  const y = {
    field: "row",
    type: "nominal",
    title: null,
    scale: { domain: rows },
    axis: { minExtent: 76, maxExtent: 76 },
  } as const;
  const color = {
    field: "verdict",
    type: "nominal",
    legend: null,
    scale: {
      domain: ["better", "worse", "same", "inconclusive"],
      range: ["var(--good)", "var(--bad)", "var(--rule)", "var(--unsure)"],
    },
  } as const;
  return {
    ...CHART_BASE,
    height: rows.length * 38,
    data: { values: [...values] },
    layer: [
      {
        mark: { type: "rect", opacity: 0.18, stroke: "var(--paper)", strokeWidth: 3 },
        encoding: { x, y, color },
      },
      {
        mark: { type: "text", fontSize: 12 },
        encoding: {
          x,
          y,
          text: { field: "text" },
          tooltip: [
            { field: "filter", title: "filter" },
            { field: "text", title: "over the mesh" },
            { field: "verdict", title: "verdict" },
          ],
        },
      },
    ],
  };
}
