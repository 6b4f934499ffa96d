import type { TopLevelSpec } from "vega-lite";
import { medianOf } from "../../result/standing.ts";
import { CHART_BASE } from "../chart-style.ts";
import { basisOf } from "../digest.ts";
import type { Digest, SystemDigest } from "../digest.ts";
import { renderFigure } from "../figure.ts";
import { formatNumber } from "../format.ts";
import type { Section } from "../section.ts";
import { bySystem } from "../system-scale.ts";
import { systemName } from "../system-name.ts";

const DASHED: number[] = [5, 4];

/** Throughput of each round, so that drift and outliers show. */
export function throughputSection(digest: Digest): Section {
  const { systems } = digest;
  const rounds = roundsOf(systems);
  const alt = systems.map(({ name, standing }) => {
    const median = formatNumber(medianOf(standing, "throughput"));
    return `${name}: median ${median} requests a second over ${standing.valid.length} valid rounds`;
  });
  return {
    id: "throughput",
    title: "Throughput, round by round",
    lead: "No round is left out and none is picked. Rounds of all systems were interleaved in seeded random order, so that the machine's weather falls on all alike.",
    body: renderFigure({
      charts: [{ id: "throughput", spec: throughputSpec(systems), alt: `${alt.join("; ")}.` }],
      says: "Answers a second in each round; the dashed lines are medians. A round drawn hollow was discarded as invalid.",
      basis: basisOf(digest),
      table: {
        caption: "Throughput by round, requests a second",
        columns: [{ label: "round" }, ...systems.map((system) => ({ label: systemName(system) }))],
        rows: [
          ...rounds.map((round) => [
            String(round),
            ...systems.map(({ standing }) => {
              const point = standing.points.find((each) => each.round === round);
              const mark = point?.verdict === "invalid" ? " (invalid)" : "";
              return `${formatNumber(point?.throughputPerSecond ?? null)}${mark}`;
            }),
          ]),
          [
            "median",
            ...systems.map(({ standing }) => formatNumber(medianOf(standing, "throughput"))),
          ],
        ],
      },
    }),
  };
}

export function throughputSpec(systems: readonly SystemDigest[]): TopLevelSpec {
  const values = systems.flatMap(({ name, standing }) =>
    standing.points.map(({ round, throughputPerSecond, verdict }) => ({
      system: name,
      round,
      perSecond: throughputPerSecond,
      verdict,
    })),
  );
  const medians = systems.flatMap(({ name, standing }) => {
    const median = medianOf(standing, "throughput");
    return median === null ? [] : [{ system: name, median }];
  });
  const highest = Math.max(0, ...values.map(({ perSecond }) => perSecond));
  const y = {
    type: "quantitative" as const,
    title: "requests a second",
    scale: { domain: [0, highest === 0 ? 1 : highest * 1.06], nice: false as const },
    axis: { tickCount: 5, format: ",.0f" },
  };
  const { color, shape } = bySystem(systems, "point");
  const x = {
    field: "round",
    type: "ordinal",
    title: "round",
    axis: { labelAngle: 0, labelOverlap: true },
  } as const;
  const tooltip = [
    { field: "system", title: "system" },
    { field: "round", title: "round" },
    { field: "perSecond", title: "requests/s", format: ",.1f" },
    { field: "verdict", title: "round is" },
  ];
  return {
    ...CHART_BASE,
    height: 260,
    data: { values },
    layer: [
      {
        data: { values: medians },
        mark: { type: "rule", strokeWidth: 1, opacity: 0.55, strokeDash: DASHED },
        encoding: { y: { ...y, field: "median" }, color },
      },
      {
        mark: { type: "line", strokeWidth: 1.5, opacity: 0.55 },
        encoding: { x, y: { ...y, field: "perSecond" }, color },
      },
      {
        transform: [{ filter: "datum.verdict === 'valid'" }],
        mark: { type: "point", filled: true, size: 85, opacity: 1 },
        encoding: { x, y: { ...y, field: "perSecond" }, color, shape, tooltip },
      },
      {
        transform: [{ filter: "datum.verdict === 'invalid'" }],
        mark: {
          type: "point",
          filled: true,
          size: 85,
          opacity: 1,
          fill: "var(--paper)",
          strokeWidth: 2,
        },
        encoding: { x, y: { ...y, field: "perSecond" }, stroke: color, shape, tooltip },
      },
    ],
  };
}

function roundsOf(systems: readonly SystemDigest[]): number[] {
  const all = systems.flatMap(({ standing }) => standing.points.map(({ round }) => round));
  return [...new Set(all)].toSorted((a, b) => a - b);
}
