import type { TopLevelSpec } from "vega-lite";
import { median } from "../../math/quantile.ts";
import type { Point } from "../../result/schema.ts";
import { CHART_BASE, HOLLOW } from "../chart-style.ts";
import { basisOf } from "../digest.ts";
import type { Digest, SystemDigest } from "../digest.ts";
import { renderFigure } from "../figure.ts";
import type { Chart } from "../figure.ts";
import { formatNumber } from "../format.ts";
import { html } from "../html.ts";
import type { Child } from "../html.ts";
import type { Section } from "../section.ts";
import { bySystem } from "../system-scale.ts";
import { systemName } from "../system-name.ts";

interface Resource {
  readonly id: string;
  readonly label: string;
  readonly unit: string;
  /** null: not measured in that round. */
  readonly of: (point: Point) => number | null;
}

const perSecond = (amount: number | null | undefined, { seconds }: Point): number | null =>
  amount === null || amount === undefined || seconds === 0 ? null : amount / seconds;

const inMebibytes = (bytes: number | null | undefined): number | null =>
  bytes === null || bytes === undefined ? null : bytes / 2 ** 20;

const RESOURCES: readonly Resource[] = [
  {
    id: "cores",
    label: "CPU",
    unit: "cores busy",
    of: (point) => perSecond(point.cpuSeconds, point),
  },
  {
    id: "resident",
    label: "Memory",
    unit: "MiB resident",
    of: ({ rssBytes }) => inMebibytes(rssBytes),
  },
  {
    id: "gpu-busy",
    label: "GPU",
    unit: "share of the time busy",
    of: (point) => perSecond(point.gpu?.busySeconds, point),
  },
  {
    id: "gpu-memory",
    label: "GPU memory",
    unit: "MiB",
    of: ({ gpu }) => inMebibytes(gpu?.memoryBytes),
  },
  { id: "gpu-power", label: "GPU power", unit: "watts", of: ({ gpu }) => gpu?.watts ?? null },
];

/** What each system used from round to round; null for one round, which is no course of time. */
export function resourcesSection(digest: Digest): Section | null {
  const { systems } = digest;
  const rounds = roundsOf(systems);
  if (rounds.length < 2) return null;
  const shown = RESOURCES.filter(({ of }) =>
    systems.some(({ standing }) => standing.points.some((point) => of(point) !== null)),
  );
  if (shown.length === 0) return null;
  const columns = systems.flatMap((system) => shown.map((resource) => ({ system, resource })));
  return {
    id: "resources",
    title: "Resources over time",
    lead: "What grows from round to round is a leak or a cache that is not warm; what stands at its end is the limit.",
    body: renderFigure({
      charts: shown.map((resource) => chartOf(systems, resource)),
      says: "Each mark is a round, in the order they were measured; hollow marks are rounds that do not count. Each chart has its own axis from zero.",
      basis: basisOf(digest),
      table: {
        caption: "Resources by round",
        columns: [
          { label: "round" },
          ...columns.map(({ system, resource }) => ({
            label: html`${systemName(system)} ${resource.label}, ${resource.unit}`,
          })),
        ],
        rows: rounds.map((round) => [
          String(round),
          ...columns.map(({ system, resource }): Child => {
            const point = system.standing.points.find((each) => each.round === round);
            return formatNumber(point === undefined ? null : resource.of(point));
          }),
        ]),
      },
    }),
  };
}

function roundsOf(systems: readonly SystemDigest[]): number[] {
  const all = systems.flatMap(({ standing }) => standing.points.map(({ round }) => round));
  return [...new Set(all)].toSorted((a, b) => a - b);
}

function chartOf(systems: readonly SystemDigest[], { id, label, unit, of }: Resource): Chart {
  const said = systems.flatMap(({ name, standing }) => {
    const values = standing.valid.flatMap((point) => of(point) ?? []);
    return values.length === 0 ? [] : [`${name} ${formatNumber(median(values))}`];
  });
  return {
    id: `resources-${id}`,
    heading: html`${label}, ${unit}`,
    spec: resourceSpec(systems, of),
    alt: `${label}, ${unit}, median over valid rounds: ${said.join(", ")}.`,
  };
}

export function resourceSpec(systems: readonly SystemDigest[], of: Resource["of"]): TopLevelSpec {
  const values = systems.flatMap(({ name, standing }) =>
    standing.points.flatMap((point) => {
      const value = of(point);
      return value === null
        ? []
        : [{ system: name, round: point.round, value, isValid: point.verdict === "valid" }];
    }),
  );
  const highest = Math.max(0, ...values.map(({ value }) => value));
  const x = {
    field: "round",
    type: "ordinal",
    title: "round",
    axis: { labelAngle: 0, labelOverlap: true },
  } as const;
  const y = {
    field: "value",
    type: "quantitative" as const,
    title: null,
    scale: { domain: [0, highest === 0 ? 1 : highest * 1.08], nice: false as const },
    axis: { tickCount: 4, format: ",~r", grid: true },
  };
  const { color, shape } = bySystem(systems, "point");
  const tooltip = [
    { field: "system", title: "system" },
    { field: "round", title: "round" },
    { field: "value", title: "value", format: ",.3~r" },
  ];
  return {
    ...CHART_BASE,
    height: 150,
    data: { values },
    layer: [
      { mark: { type: "line", strokeWidth: 1.25, opacity: 0.5 }, encoding: { x, y, color } },
      {
        transform: [{ filter: "datum.isValid" }],
        mark: { type: "point", filled: true, size: 60, opacity: 1 },
        encoding: { x, y, color, shape, tooltip },
      },
      {
        transform: [{ filter: "!datum.isValid" }],
        mark: { ...HOLLOW, size: 60 },
        encoding: { x, y, stroke: color, shape, tooltip },
      },
    ],
  };
}
