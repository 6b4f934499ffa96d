import type { TopLevelSpec } from "vega-lite";
import { median } from "../../math/quantile.ts";
import type { Standing } from "../../result/standing.ts";
import { CHART_BASE, HOLLOW } from "../chart-style.ts";
import { renderFigure } from "../figure.ts";
import { formatNumber } from "../format.ts";
import { html } from "../html.ts";
import { logTicks } from "../log-ticks.ts";
import type { Section } from "../section.ts";
import { systemName } from "../system-name.ts";
import { bySystem } from "../system-scale.ts";
import { basisOfBoth, SIDES } from "./both-runs.ts";
import type { BothRuns, Side } from "./both-runs.ts";

const PERCENTILES = ["p50", "p90", "p95", "p99", "p999"] as const;
const LABELS = { p50: "p50", p90: "p90", p95: "p95", p99: "p99", p999: "p99.9" } as const;

interface Percentile {
  readonly system: string;
  readonly side: Side;
  readonly percentile: string;
  readonly ms: number;
}

/** Latency percentiles of both runs over each other; null where neither has any. */
export function percentilesSection(both: BothRuns): Section | null {
  const values = both.systems.flatMap(({ name, standing }) =>
    SIDES.flatMap((side) =>
      PERCENTILES.flatMap((percentile): Percentile[] => {
        const ms = percentileOf(standing[side], percentile);
        return ms === null ? [] : [{ system: name, side, percentile: LABELS[percentile], ms }];
      }),
    ),
  );
  if (values.length === 0) return null;
  const columns = both.systems.flatMap((system) => SIDES.map((side) => ({ system, side })));
  return {
    id: "percentiles",
    title: "Latency, before and after",
    lead: both.load.isClosed
      ? "In a closed loop latency follows throughput: it holds at the pace each system sets itself."
      : "Counted from the moment a request was meant to be sent.",
    body: renderFigure({
      charts: [
        {
          id: "percentiles",
          spec: percentilesSpec(both, values),
          alt: `Latency percentiles in milliseconds: ${values.map(({ system, side, percentile, ms }) => `${system} ${side} ${percentile} ${formatNumber(ms)}`).join(", ")}.`,
        },
      ],
      says: "Medians over valid rounds: dashed with hollow marks before, solid with filled marks after. A percentile with too few samples is left out.",
      basis: basisOfBoth(both),
      table: {
        caption: "Latency percentiles before and after, milliseconds",
        columns: [
          { label: "percentile" },
          ...columns.map(({ system, side }) => ({ label: html`${systemName(system)} ${side}` })),
        ],
        rows: PERCENTILES.map((percentile) => [
          LABELS[percentile],
          ...columns.map(({ system, side }) =>
            formatNumber(percentileOf(system.standing[side], percentile)),
          ),
        ]),
      },
    }),
  };
}

/** Median over the valid rounds; null unless all of them have it. */
function percentileOf({ valid }: Standing, name: (typeof PERCENTILES)[number]): number | null {
  const values = valid.flatMap(({ latencyMs }) => latencyMs[name] ?? []);
  return values.length === 0 || values.length < valid.length ? null : median(values);
}

export function percentilesSpec(
  { systems }: BothRuns,
  values: readonly Percentile[],
): TopLevelSpec {
  const heights = values.map(({ ms }) => ms);
  const [lowest, highest] = [Math.min(...heights) / 1.25, Math.max(...heights) * 1.25];
  const x = {
    field: "percentile",
    type: "ordinal",
    title: "percentile",
    sort: Object.values(LABELS),
    axis: { labelAngle: 0, grid: true },
  } as const;
  const y = {
    field: "ms",
    type: "quantitative" as const,
    title: "latency, ms (log)",
    scale: { type: "log" as const, domain: [lowest, highest], nice: false as const },
    axis: { values: logTicks(lowest, highest), format: ",~r" },
  };
  const { color, shape } = bySystem(systems, "point");
  const tooltip = [
    { field: "system", title: "system" },
    { field: "side", title: "run" },
    { field: "percentile", title: "percentile" },
    { field: "ms", title: "ms", format: ".3~r" },
  ];
  const of = (side: Side) => [{ filter: `datum.side === '${side}'` }];
  return {
    ...CHART_BASE,
    height: 280,
    data: { values: [...values] },
    layer: [
      {
        transform: of("before"),
        mark: { type: "line", strokeWidth: 1.75, strokeDash: [5, 4] },
        encoding: { x, y, color },
      },
      {
        transform: of("after"),
        mark: { type: "line", strokeWidth: 2.25 },
        encoding: { x, y, color },
      },
      {
        transform: of("before"),
        mark: { ...HOLLOW },
        encoding: { x, y, stroke: color, shape, tooltip },
      },
      {
        transform: of("after"),
        mark: { type: "point", filled: true, size: 75, opacity: 1 },
        encoding: { x, y, color, shape, tooltip },
      },
    ],
  };
}
