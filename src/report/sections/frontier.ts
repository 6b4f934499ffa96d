import type { TopLevelSpec } from "vega-lite";
import type { FrontierRow } from "../../result/schema.ts";
import { CHART_BASE, HOLLOW } from "../chart-style.ts";
import { basisOf } from "../digest.ts";
import type { Digest, SystemDigest } from "../digest.ts";
import { renderFigure } from "../figure.ts";
import { formatNumber, formatShare } from "../format.ts";
import { logTicks } from "../log-ticks.ts";
import type { Section } from "../section.ts";
import { systemNamed } from "../system-name.ts";
import { bySystem } from "../system-scale.ts";

/** Throughput against recall over a sweep; null where no system has two variants. */
export function frontierSection(digest: Digest): Section | null {
  const { scenario, frontier } = digest.result;
  const rows = frontier.filter(
    ({ recall, throughputPerSecond }) => recall !== null && throughputPerSecond !== null,
  );
  const most = Math.max(
    0,
    ...digest.systems.map(({ name }) => rows.filter(({ system }) => system === name).length),
  );
  if (most < 2) return null;
  const chosen = rows.filter((row) => row.chosen);
  return {
    id: "frontier",
    title: "Recall against throughput",
    lead: "Almost any system is fast if it may be wrong. Systems are compared at equal recall: each speaks with its fastest variant right of the line.",
    body: renderFigure({
      charts: [
        {
          id: "frontier",
          spec: frontierSpec(digest.systems, rows, scenario.recallTarget),
          alt: `${chosen.map((row) => `${row.system} stands at recall ${formatShare(row.recall)} with ${formatNumber(row.throughputPerSecond)} answers a second, ${row.variant}`).join("; ")}.`,
        },
      ],
      says: "A mark is a variant. The line joins those that no other variant of the system beats in both; hollow marks are beaten; the ring is the variant that speaks for its system.",
      basis: basisOf(digest),
      table: {
        caption: "Variants of each system",
        columns: ["system", "variant", "recall", "requests/s", "p99, ms", "rounds", "remark"].map(
          (label, i) => ({
            label,
            align: i < 2 || i === 6 ? ("left" as const) : ("right" as const),
          }),
        ),
        rows: frontier.map((row) => [
          systemNamed(digest.systems, row.system),
          row.variant === "" ? "as set" : row.variant,
          formatShare(row.recall),
          formatNumber(row.throughputPerSecond),
          formatNumber(row.p99Ms),
          String(row.rounds),
          [row.chosen ? "speaks for the system" : "", ...row.shortcomings]
            .filter(Boolean)
            .join("; "),
        ]),
      },
    }),
  };
}

export function frontierSpec(
  systems: readonly SystemDigest[],
  rows: readonly FrontierRow[],
  recallTarget: number,
): TopLevelSpec {
  const recalls = [...rows.map(({ recall }) => recall!), recallTarget];
  const margin = Math.max(0.01, (Math.max(...recalls) - Math.min(...recalls)) * 0.06);
  const domain = [
    Math.max(0, Math.min(...recalls) - margin),
    Math.min(1, Math.max(...recalls)) + margin,
  ];
  const values = rows.map(
    ({ system, variant, recall, throughputPerSecond, onFrontier, chosen }) => ({
      system,
      variant: variant === "" ? "as set" : variant,
      recall,
      perSecond: throughputPerSecond,
      onFrontier,
      chosen,
    }),
  );
  const x = {
    field: "recall",
    type: "quantitative",
    title: "recall",
    scale: { domain, nice: false, clamp: true },
    axis: { format: ".2~f", tickCount: 5, grid: true, values: recallTicks(domain) },
  } as const satisfies Record<string, unknown>;
  const y = { field: "perSecond", ...rateAxis(rows.map((row) => row.throughputPerSecond!)) };
  const { color, dash, shape } = bySystem(systems, "point");
  const tooltip = [
    { field: "system", title: "system" },
    { field: "variant", title: "variant" },
    { field: "recall", title: "recall", format: ".4~f" },
    { field: "perSecond", title: "requests/s", format: ",.0f" },
  ];
  return {
    ...CHART_BASE,
    height: 280,
    data: { values },
    layer: [
      {
        data: { values: [{ target: recallTarget }] },
        mark: { type: "rule", color: "var(--ink)", strokeWidth: 1 },
        encoding: { x: { ...x, field: "target" } },
      },
      {
        transform: [{ filter: "datum.onFrontier" }],
        mark: { type: "line", strokeWidth: 2 },
        encoding: {
          x,
          y,
          color,
          strokeDash: dash,
          order: { field: "recall" },
        },
      },
      {
        transform: [{ filter: "datum.chosen" }],
        mark: { type: "point", filled: false, shape: "circle", size: 320, strokeWidth: 1.5 },
        encoding: { x, y, stroke: { value: "var(--ink)" } },
      },
      {
        transform: [{ filter: "datum.onFrontier" }],
        mark: { type: "point", filled: true, size: 75, opacity: 1 },
        encoding: { x, y, color, shape, tooltip },
      },
      {
        transform: [{ filter: "!datum.onFrontier" }],
        mark: { ...HOLLOW },
        encoding: { x, y, stroke: color, shape, tooltip },
      },
    ],
  };
}

/** Round shares within the axis, none beyond 1. */
function recallTicks([low, high]: readonly number[]): number[] {
  const step =
    [0.005, 0.01, 0.02, 0.05, 0.1, 0.2].find((each) => (high! - low!) / each <= 7) ?? 0.25;
  const first = Math.ceil(low! / step);
  return Array.from({ length: 50 }, (_, i) => Number(((first + i) * step).toFixed(4))).filter(
    (tick) => tick <= Math.min(1, high!),
  );
}

/** From zero where that shows all systems, else logarithmic. */
function rateAxis(rates: readonly number[]) {
  const [slowest, fastest] = [Math.min(...rates), Math.max(...rates)];
  const type = "quantitative" as const;
  if (slowest <= 0 || fastest / slowest < 8) {
    const axis = { tickCount: 5, format: ",~s", grid: true };
    // Stated, for a layer without a mark would have no end of its own.
    const scale = { domain: [0, fastest > 0 ? fastest * 1.08 : 1], nice: false as const };
    return { type, title: "requests a second", scale, axis };
  }
  const domain = [slowest / 1.3, fastest * 1.3];
  return {
    type,
    title: "requests a second (log)",
    scale: { type: "log" as const, domain, nice: false as const },
    axis: { values: logTicks(domain[0]!, domain[1]!), format: ",~s", grid: true },
  };
}
