import type { TopLevelSpec } from "vega-lite";
import { median } from "../../math/quantile.ts";
import { medianOf, standingsOf } from "../../result/standing.ts";
import type { Standing } from "../../result/standing.ts";
import { CHART_BASE, HOLLOW } from "../chart-style.ts";
import type { Digest, SystemDigest } from "../digest.ts";
import { renderFigure } from "../figure.ts";
import { formatMs, formatNumber } from "../format.ts";
import { html } from "../html.ts";
import { loadLabel } from "../load-text.ts";
import { logTicks } from "../log-ticks.ts";
import type { Section } from "../section.ts";
import { systemNamed } from "../system-name.ts";
import { bySystem } from "../system-scale.ts";

/** One load at one rate on one system, medians over valid rounds. */
export interface LoadPoint {
  readonly system: string;
  readonly load: string;
  /** null for a closed loop. */
  readonly offered: number | null;
  readonly perSecond: number;
  readonly p50: number | null;
  readonly p99: number | null;
  /** The load generator's own p99 at this load. */
  readonly floor: number | null;
  readonly overloaded: boolean;
}

const PERCENTILES = ["p50", "p99"] as const;
const DOTTED: number[] = [1, 4];

/** Latency against throughput; null where no system was measured at two loads or more. */
export function loadLatencySection(digest: Digest): Section | null {
  const points = digest.systems.flatMap((system) => loadPointsOf(digest, system));
  const most = Math.max(
    0,
    ...digest.systems.map(({ name }) => points.filter(({ system }) => system === name).length),
  );
  if (most < 2) return null;
  const { slo } = digest.result.scenario;
  const shown = PERCENTILES.filter((percentile) =>
    points.some((point) => point[percentile] !== null),
  );
  return {
    id: "load-latency",
    title: "Latency under load",
    lead: "The further right a curve goes before it turns up, the more a system carries; where it turns is what a closed loop cannot show.",
    body: renderFigure({
      charts: shown.map((percentile) => ({
        id: `load-latency-${percentile}`,
        heading: html`${percentile}`,
        spec: loadLatencySpec(digest.systems, points, percentile, slo.p99Ms),
        alt: `${percentile} at each load: ${points
          .map((point) => `${point.system} ${point.load} ${formatMs(point[percentile])}`)
          .join("; ")}.`,
      })),
      says: `Each mark is one load, medians over valid rounds; a hollow mark was overloaded. The dotted line is the load generator's own p99: nothing below it can be told apart.${slo.p99Ms > 0 ? ` Objective: p99 within ${formatMs(slo.p99Ms)}.` : ""}`,
      basis: `Open loops count from the time a request was due; a closed loop has one mark, at its own pace`,
      table: {
        caption: "Latency at each load",
        columns: [
          "system",
          "load",
          "requests/s",
          "p50, ms",
          "p99, ms",
          "client's own p99, ms",
          "state",
        ].map((label, i) => ({ label, align: i < 2 ? ("left" as const) : ("right" as const) })),
        rows: points.map((point) => [
          systemNamed(digest.systems, point.system),
          point.load,
          formatNumber(point.perSecond),
          formatNumber(point.p50),
          formatNumber(point.p99),
          formatNumber(point.floor),
          point.overloaded ? "overloaded" : "ok",
        ]),
      },
    }),
  };
}

/** The headline's variant at every load and rate that asks the whole mix, slowest first. */
export function loadPointsOf({ result }: Digest, { name, standing }: SystemDigest): LoadPoint[] {
  return Object.entries(result.scenario.loads)
    .flatMap(([load, { filters }]) => (filters === undefined ? load : []))
    .flatMap((load) => standingsOf(result, name, load))
    .filter(({ variant, valid }) => variant === standing.variant && valid.length > 0)
    .flatMap((each) => toLoadPoint(each) ?? [])
    .toSorted((a, b) => a.perSecond - b.perSecond);
}

function toLoadPoint(standing: Standing): LoadPoint | null {
  const { system, load, ratePerSecond, valid } = standing;
  const perSecond = medianOf(standing, "throughput");
  const [p50, p99] = [medianOf(standing, "p50"), medianOf(standing, "p99")];
  if (perSecond === null || (p50 === null && p99 === null)) return null;
  const floors = valid.flatMap(({ client }) => client.floorP99Ms ?? []);
  return {
    system,
    load: loadLabel(load, ratePerSecond),
    offered: ratePerSecond,
    perSecond,
    p50,
    p99,
    floor: floors.length === 0 ? null : median(floors),
    overloaded: valid.some(({ state, capacity }) => state === "overloaded" && capacity === null),
  };
}

export function loadLatencySpec(
  systems: readonly SystemDigest[],
  points: readonly LoadPoint[],
  percentile: (typeof PERCENTILES)[number],
  objectiveMs: number,
): TopLevelSpec {
  const values = points.flatMap((point) =>
    point[percentile] === null ? [] : [{ ...point, ms: Math.max(0.001, point[percentile]) }],
  );
  const floors = floorsOf(points);
  const heights = [
    ...points.flatMap(({ p50, p99 }) => [p50 ?? [], p99 ?? []].flat()),
    ...floors.map(({ floor }) => floor),
  ].filter((height) => height > 0);
  const [lowest, highest] = [Math.min(...heights) / 1.3, Math.max(...heights) * 1.3];
  const y = {
    type: "quantitative" as const,
    title: `${percentile}, ms (log)`,
    scale: { type: "log" as const, domain: [lowest, highest], nice: false as const },
    axis: { values: logTicks(lowest, highest), format: ",~r" },
  };
  const rates = points.map(({ perSecond }) => perSecond);
  const [slowest, fastest] = [Math.min(...rates) / 1.25, Math.max(...rates) * 1.25];
  const x = {
    field: "perSecond",
    type: "quantitative" as const,
    title: "answers a second (log)",
    scale: { type: "log" as const, domain: [slowest, fastest], nice: false as const },
    axis: { values: logTicks(slowest, fastest), format: ",~s", grid: true, labelOverlap: true },
  };
  const { color, dash, shape } = bySystem(systems, "point");
  const isWithin = objectiveMs >= lowest && objectiveMs <= highest;
  const tooltip = [
    { field: "system", title: "system" },
    { field: "load", title: "load" },
    { field: "perSecond", title: "answers/s", format: ",.0f" },
    { field: "ms", title: `${percentile}, ms`, format: ".3~r" },
  ];
  return {
    ...CHART_BASE,
    height: 260,
    data: { values },
    layer: [
      {
        data: { values: floors },
        mark: { type: "line", strokeDash: DOTTED, strokeWidth: 1.5, color: "var(--muted)" },
        encoding: { x, y: { ...y, field: "floor" } },
      },
      {
        data: { values: percentile === "p99" && isWithin ? [{ objective: objectiveMs }] : [] },
        mark: { type: "rule", color: "var(--ink)", strokeWidth: 1 },
        encoding: { y: { ...y, field: "objective" } },
      },
      {
        // Only rates of one load have an order; a closed loop stands by itself.
        transform: [{ filter: "datum.offered !== null" }],
        mark: { type: "line", strokeWidth: 2 },
        encoding: {
          x,
          y: { ...y, field: "ms" },
          color,
          strokeDash: dash,
          order: { field: "offered", type: "quantitative" },
        },
      },
      {
        transform: [{ filter: "!(datum.overloaded)" }],
        mark: { type: "point", filled: true, size: 75, opacity: 1 },
        encoding: { x, y: { ...y, field: "ms" }, color, shape, tooltip },
      },
      {
        transform: [{ filter: "datum.overloaded" }],
        mark: { ...HOLLOW },
        encoding: { x, y: { ...y, field: "ms" }, stroke: color, shape, tooltip },
      },
    ],
  };
}

/** The client's own p99 by rate: of open loops where there are any, for a closed one has no rate. */
function floorsOf(points: readonly LoadPoint[]): { perSecond: number; floor: number }[] {
  const known = points.filter(({ floor }) => floor !== null && floor > 0);
  const open = known.filter(({ offered }) => offered !== null);
  const byRate = new Map<number, number[]>();
  for (const { offered, perSecond, floor } of open.length > 0 ? open : known) {
    const rate = offered ?? perSecond;
    byRate.set(rate, [...(byRate.get(rate) ?? []), floor!]);
  }
  return [...byRate]
    .map(([perSecond, floors]) => ({ perSecond, floor: median(floors) }))
    .toSorted((a, b) => a.perSecond - b.perSecond);
}
