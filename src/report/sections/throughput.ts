import type { TopLevelSpec } from "vega-lite";
import { medianOf } from "../../result/standing.ts";
import { CHART_BASE } from "../chart-style.ts";
import { basisOf } from "../digest.ts";
import type { Digest, SystemDigest } from "../digest.ts";
import { renderFigure } from "../figure.ts";
import { formatNumber } from "../format.ts";
import type { Section } from "../section.ts";
import { byName, legendOf } from "../system-scale.ts";
import { systemName } from "../system-name.ts";

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
      says: "Answers a second in each round; the faint lines are medians. A round drawn hollow was discarded as invalid.",
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
  const y = {
    type: "quantitative",
    title: "requests a second",
    scale: { zero: true, nice: true },
    axis: { tickCount: 5, format: ",.0f" },
  } as const;
  const { color, shape } = byName(systems);
  return {
    ...CHART_BASE,
    height: 260,
    data: { values },
    layer: [
      {
        data: { values: medians },
        mark: { type: "rule", strokeWidth: 1, opacity: 0.7 },
        encoding: { y: { ...y, field: "median" }, color: { ...color, legend: null } },
      },
      {
        mark: { type: "line", strokeWidth: 1.5, opacity: 0.45 },
        encoding: {
          x: { field: "round", type: "ordinal", title: "round", axis: { labelAngle: 0 } },
          y: { ...y, field: "perSecond" },
          color: { ...color, legend: null },
        },
      },
      {
        mark: { type: "point", size: 90, opacity: 1 },
        encoding: {
          x: { field: "round", type: "ordinal" },
          y: { ...y, field: "perSecond" },
          color: { ...color, legend: legendOf(systems) },
          shape: { ...shape, legend: legendOf(systems) },
          fill: {
            condition: { test: "datum.verdict === 'invalid'", value: "var(--paper)" },
            ...color,
            legend: null,
          },
          tooltip: [
            { field: "system", title: "system" },
            { field: "round", title: "round" },
            { field: "perSecond", title: "requests/s", format: ",.1f" },
            { field: "verdict", title: "round is" },
          ],
        },
      },
    ],
  };
}

function roundsOf(systems: readonly SystemDigest[]): number[] {
  const all = systems.flatMap(({ standing }) => standing.points.map(({ round }) => round));
  return [...new Set(all)].toSorted((a, b) => a - b);
}
