import type { TopLevelSpec } from "vega-lite";
import { changePoints } from "../../math/change-points.ts";
import type { HistoryRow } from "../../result/history.ts";
import { CHART_BASE } from "../chart-style.ts";
import type { Digest, SystemDigest } from "../digest.ts";
import { renderFigure } from "../figure.ts";
import { formatNumber, formatTimes, MISSING } from "../format.ts";
import { html } from "../html.ts";
import type { Child } from "../html.ts";
import type { Section } from "../section.ts";
import { systemName } from "../system-name.ts";
import { bySystem } from "../system-scale.ts";

/** One system in one run of the history. */
interface TrendPoint {
  readonly system: string;
  /** Place of the run, from 1. */
  readonly run: number;
  readonly at: string;
  readonly commit: string;
  readonly ratio: number;
  readonly low: number | null;
  readonly high: number | null;
}

/** Runs behind which a trend says anything. */
const FEWEST_RUNS = 3;

/** The ratio over the mesh from run to run, with the places where its level changed. */
export function trendSection(digest: Digest): Section | null {
  const { history } = digest;
  if (history.length < FEWEST_RUNS) return null;
  const points = history.flatMap((row, i) =>
    Object.entries(row.overMesh).map(([system, bounds]): TrendPoint => ({
      system,
      run: i + 1,
      at: row.startedAt.slice(0, 16).replace("T", " "),
      commit: row.commit.slice(0, 10),
      ...bounds,
    })),
  );
  const systems = digest.systems.filter(({ name }) => points.some(({ system }) => system === name));
  if (systems.length === 0) return null;
  const changes = systems.flatMap(({ name }) => changesOf(name, points));
  return {
    id: "trend",
    title: "From run to run",
    lead: "Runs of the same scenario on machines of the same class. Ratios are within each run, so most of the weather between runs is out of them.",
    body: renderFigure({
      charts: [
        {
          id: "trend",
          spec: trendSpec(systems, points, changes),
          alt:
            changes.length === 0
              ? `No change of level in ${history.length} runs.`
              : `Level changed: ${changes.map(({ system, run }) => `${system} at run ${run}`).join(", ")}.`,
        },
      ],
      says: "Throughput over the mesh's with 95% intervals. A vertical line stands where the level changed: the best split whose sides differ beyond the 99.9% bound of Welch's t, on at least four runs each.",
      basis: `${history.length} runs`,
      table: {
        caption: "History of the ratio over the mesh",
        columns: [
          { label: "run" },
          { label: "commit", align: "left" },
          ...systems.map((system) => ({ label: systemName(system) })),
        ],
        rows: history.map((row, i) => tableRow(row, i + 1, systems, changes)),
      },
    }),
  };
}

function changesOf(name: string, points: readonly TrendPoint[]): TrendPoint[] {
  const own = points.filter(({ system, ratio }) => system === name && ratio > 0);
  return changePoints(own.map(({ ratio }) => ratio)).map((at) => own[at]!);
}

function tableRow(
  row: HistoryRow,
  run: number,
  systems: readonly SystemDigest[],
  changes: readonly TrendPoint[],
): Child[] {
  return [
    `${run}, ${row.startedAt.slice(0, 10)}`,
    row.commit === "" ? MISSING : html`<code>${row.commit.slice(0, 10)}</code>`,
    ...systems.map(({ name }) => {
      const found = row.overMesh[name];
      if (found === undefined) return MISSING;
      const bounds =
        found.low === null || found.high === null
          ? ""
          : ` (${formatNumber(found.low)} to ${formatNumber(found.high)})`;
      const isChange = changes.some((change) => change.system === name && change.run === run);
      return `${isChange ? "new level: " : ""}${formatTimes(found.ratio)}${bounds}`;
    }),
  ];
}

export function trendSpec(
  systems: readonly SystemDigest[],
  points: readonly TrendPoint[],
  changes: readonly TrendPoint[],
): TopLevelSpec {
  const highest = Math.max(...points.map(({ ratio, high }) => high ?? ratio));
  const x = {
    field: "run",
    type: "ordinal",
    title: "run",
    axis: { labelAngle: 0, labelOverlap: true },
  } as const;
  const y = {
    type: "quantitative" as const,
    title: "times the mesh's throughput",
    scale: { domain: [0, highest * 1.08], nice: false as const },
    axis: { tickCount: 5, format: "~r" },
  };
  const { color, shape } = bySystem(systems, "point");
  return {
    ...CHART_BASE,
    height: 240,
    data: { values: [...points] },
    layer: [
      {
        data: { values: [...changes] },
        mark: { type: "rule", strokeWidth: 1.5, strokeDash: [2, 2] },
        encoding: { x, color },
      },
      {
        transform: [{ filter: "datum.low !== null && datum.high !== null" }],
        mark: { type: "rule", strokeWidth: 4, opacity: 0.3 },
        encoding: { x, y: { ...y, field: "low" }, y2: { field: "high" }, color },
      },
      {
        mark: { type: "line", strokeWidth: 1.5, opacity: 0.55 },
        encoding: { x, y: { ...y, field: "ratio" }, color },
      },
      {
        mark: { type: "point", filled: true, size: 75, opacity: 1 },
        encoding: {
          x,
          y: { ...y, field: "ratio" },
          color,
          shape,
          tooltip: [
            { field: "system", title: "system" },
            { field: "at", title: "at" },
            { field: "commit", title: "commit" },
            { field: "ratio", title: "times", format: ".3~r" },
          ],
        },
      },
    ],
  };
}
