import type { MatrixCell } from "../../result/filter-matrix.ts";
import { frontierOf } from "../../result/frontier.ts";
import type { FrontierRow } from "../../result/schema.ts";
import type { Digest } from "../digest.ts";
import { renderFigure } from "../figure.ts";
import type { Chart } from "../figure.ts";
import { formatNumber, formatPercent, formatShare } from "../format.ts";
import { html } from "../html.ts";
import type { Html } from "../html.ts";
import { systemNamed } from "../system-name.ts";
import { matrixBasis } from "./matrix-words.ts";
import { frontierSpec } from "./frontier.ts";

/** Recall against throughput in every cell; null where no system has two variants. */
export function matrixFrontiers(digest: Digest, cells: readonly MatrixCell[]): Html | null {
  const { result, systems } = digest;
  const found = cells.map((cell) => ({
    cell,
    rows: frontierOf(result, cell.load).filter(isMeasured),
  }));
  const isSwept = found.some(({ rows }) => hasVariants(rows));
  if (!isSwept) return null;
  const charts = found.flatMap(({ cell, rows }): Chart[] => {
    if (rows.length === 0) return [];
    const best = rows.filter(({ onFrontier }) => onFrontier);
    return [
      {
        id: `frontier-${cell.load}`,
        heading: html`${cell.name}: ${formatPercent(cell.passRate)} pass, ${cell.correlation}`,
        spec: frontierSpec(systems, rows, result.scenario.recallTarget),
        alt: `Unbeaten variants: ${best.map((row) => `${nameOf(row)} recall ${formatShare(row.recall)}, ${formatNumber(row.throughputPerSecond)} answers a second`).join("; ")}.`,
      },
    ];
  });
  return renderFigure({
    charts,
    says: "Recall against throughput, filter by filter; each chart has its own axes. The line joins the variants that no other of the system beats in both, hollow marks are beaten, the ring is the variant that speaks for its system.",
    basis: matrixBasis(digest, cells),
    table: {
      caption: "Variants of each system, filter by filter",
      columns: ["filter", "system", "variant", "recall", "requests/s", "p99, ms", "unbeaten"].map(
        (label, i) => ({
          label,
          align: i < 3 || i === 6 ? ("left" as const) : ("right" as const),
        }),
      ),
      rows: found.flatMap(({ cell, rows }) =>
        rows.map((row) => [
          cell.name,
          systemNamed(systems, row.system),
          row.variant === "" ? "as set" : row.variant,
          formatShare(row.recall),
          formatNumber(row.throughputPerSecond),
          formatNumber(row.p99Ms),
          row.onFrontier ? "yes" : "no",
        ]),
      ),
    },
  });
}

const isMeasured = ({ recall, throughputPerSecond }: FrontierRow): boolean =>
  recall !== null && throughputPerSecond !== null;

function hasVariants(rows: readonly FrontierRow[]): boolean {
  const variants = new Set(rows.map(({ system, variant }) => `${system} ${variant}`));
  return variants.size > new Set(rows.map(({ system }) => system)).size;
}

const nameOf = ({ system, variant }: FrontierRow): string =>
  variant === "" ? system : `${system} ${variant}`;
