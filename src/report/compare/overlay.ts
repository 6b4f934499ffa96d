import type { TopLevelSpec } from "vega-lite";
import { METRICS } from "../../result/metric.ts";
import type { MetricName } from "../../result/metric.ts";
import { medianOf } from "../../result/standing.ts";
import { CHART_BASE, HOLLOW } from "../chart-style.ts";
import { renderFigure } from "../figure.ts";
import type { Chart } from "../figure.ts";
import { formatNumber } from "../format.ts";
import { html } from "../html.ts";
import type { Section } from "../section.ts";
import { systemName } from "../system-name.ts";
import { basisOfBoth, SIDES } from "./both-runs.ts";
import type { BothRuns, Side } from "./both-runs.ts";

const SHOWN = ["throughput", "p50", "p99", "cpu"] as const;

/** One valid round of one system in one of the runs. */
interface Round {
  readonly system: string;
  readonly side: Side;
  readonly round: number;
  readonly value: number;
}

/** Every round of both runs on one axis; null where no system is in both. */
export function overlaySection(both: BothRuns): Section | null {
  const shown = SHOWN.filter((metric) => roundsOf(both, metric).length > 0);
  if (shown.length === 0) return null;
  const columns = both.systems.flatMap((system) => SIDES.map((side) => ({ system, side })));
  return {
    id: "overlay",
    title: "Both runs, round by round",
    lead: "A change that is there shows as two clouds apart; two clouds that overlap are weather.",
    body: renderFigure({
      charts: shown.map((metric) => overlayChart(both, metric)),
      says: "A mark is a valid round: hollow before, filled after. The tick is the median. Each chart has its own axis from zero.",
      basis: basisOfBoth(both),
      table: {
        caption: "Medians over valid rounds, before and after",
        columns: [
          { label: "metric" },
          ...columns.map(({ system, side }) => ({ label: html`${systemName(system)} ${side}` })),
        ],
        rows: SHOWN.map((metric) => [
          `${METRICS[metric].label}, ${METRICS[metric].unit}`,
          ...columns.map(({ system, side }) =>
            formatNumber(medianOf(system.standing[side], metric)),
          ),
        ]),
      },
    }),
  };
}

function roundsOf({ systems }: BothRuns, metric: MetricName): Round[] {
  return systems.flatMap(({ name, standing }) =>
    SIDES.flatMap((side) =>
      standing[side].valid.flatMap((point) => {
        const value = METRICS[metric].of(point);
        return value === null ? [] : [{ system: name, side, round: point.round, value }];
      }),
    ),
  );
}

function overlayChart(both: BothRuns, metric: (typeof SHOWN)[number]): Chart {
  const { label, unit, better } = METRICS[metric];
  const medians = both.systems.flatMap(({ name, standing }) =>
    SIDES.flatMap((side) => {
      const value = medianOf(standing[side], metric);
      return value === null ? [] : [{ system: name, side, value }];
    }),
  );
  const said = medians.map(({ system, side, value }) => `${system} ${side} ${formatNumber(value)}`);
  return {
    id: `overlay-${metric}`,
    heading: html`${label}, ${unit} <span class="quiet">(${better} is better)</span>`,
    spec: overlaySpec(both, roundsOf(both, metric), medians),
    alt: `Median ${label}: ${said.join(", ")}.`,
  };
}

/** A row for each side of each system, so that it reads on a phone. */
export function overlaySpec(
  { systems }: BothRuns,
  rounds: readonly Round[],
  medians: readonly Omit<Round, "round">[],
): TopLevelSpec {
  const rowOf = ({ system, side }: Pick<Round, "system" | "side">): string => `${system}, ${side}`;
  const rows = systems.flatMap(({ name }) => SIDES.map((side) => rowOf({ system: name, side })));
  const highest = Math.max(...rounds.map(({ value }) => value));
  const y = {
    field: "row",
    type: "nominal",
    title: null,
    scale: { domain: rows },
    axis: { labelLimit: 150, grid: true },
  } as const;
  const x = {
    type: "quantitative" as const,
    title: null,
    scale: { domain: [0, highest > 0 ? highest * 1.05 : 1], nice: false as const },
    axis: { tickCount: 4, format: ",~r" },
  };
  const domain = systems.map(({ name }) => name);
  const color = {
    field: "system",
    type: "nominal",
    legend: null,
    scale: { domain, range: systems.map(({ mark }) => mark.color) },
  } as const;
  const shape = {
    field: "system",
    type: "nominal",
    legend: null,
    scale: { domain, range: systems.map(({ mark }) => mark.shape) },
  } as const;
  const tooltip = [
    { field: "row", title: "run" },
    { field: "round", title: "round" },
    { field: "value", title: "value", format: ",.3~r" },
  ];
  return {
    ...CHART_BASE,
    height: rows.length * 30,
    data: { values: rounds.map((round) => ({ ...round, row: rowOf(round) })) },
    layer: [
      {
        data: { values: medians.map((each) => ({ ...each, row: rowOf(each) })) },
        mark: { type: "tick", thickness: 2, size: 22, color: "var(--ink)" },
        encoding: { y, x: { ...x, field: "value" } },
      },
      {
        transform: [{ filter: "datum.side === 'before'" }],
        mark: { ...HOLLOW },
        encoding: { y, x: { ...x, field: "value" }, stroke: color, shape, tooltip },
      },
      {
        transform: [{ filter: "datum.side === 'after'" }],
        mark: { type: "point", filled: true, size: 75, opacity: 0.85 },
        encoding: { y, x: { ...x, field: "value" }, color, shape, tooltip },
      },
    ],
  };
}
