import type { TopLevelSpec } from "vega-lite";
import { CHART_BASE, HOLLOW } from "../chart-style.ts";
import type { Digest } from "../digest.ts";
import { renderFigure } from "../figure.ts";
import { formatNumber, formatPercent, MISSING } from "../format.ts";
import type { Section } from "../section.ts";

/** The machine's speed just before one point. */
interface Calibrated {
  readonly place: number;
  readonly key: string;
  readonly ms: number;
  /** From the run's median, as a share of it. */
  readonly deviation: number | null;
  readonly flagged: boolean;
}

/** How fast the machine itself was, point by point; null where that was not measured. */
export function driftSection(digest: Digest): Section | null {
  const points = digest.result.points.flatMap(({ key, calibration }, i): Calibrated[] =>
    calibration === null ? [] : [{ place: i + 1, key, ...calibration }],
  );
  if (points.length < 2) return null;
  const flagged = points.filter((point) => point.flagged);
  const times = points.map(({ ms }) => ms);
  const spread = Math.max(...times) / Math.min(...times);
  return {
    id: "drift",
    title: "The machine's own weather",
    lead: "The same fixed work was done just before each point. What moves here moves under every system; interleaving and pairing are there for it.",
    body: renderFigure({
      charts: [
        {
          id: "drift",
          spec: driftSpec(points),
          alt: `The slowest took ${formatNumber(spread)} times as long as the fastest; ${flagged.length} of ${points.length} are flagged.`,
        },
      ],
      says: "Milliseconds of the fixed work before each point, in the order they were measured; hollow marks are flagged as far from the median.",
      basis: `${points.length} points`,
      table: {
        caption: "Fixed work before each point",
        columns: [
          { label: "point" },
          { label: "ms" },
          { label: "from the median" },
          { label: "flagged" },
        ],
        rows: points.map(({ key, ms, deviation, flagged: isFlagged }) => [
          key,
          formatNumber(ms),
          deviation === null ? MISSING : `${deviation > 0 ? "+" : ""}${formatPercent(deviation)}`,
          isFlagged ? "yes" : "no",
        ]),
      },
    }),
  };
}

export function driftSpec(points: readonly Calibrated[]): TopLevelSpec {
  const highest = Math.max(...points.map(({ ms }) => ms));
  const x = {
    field: "place",
    type: "quantitative" as const,
    title: "point, in the order measured",
    scale: { domain: [0, Math.max(...points.map(({ place }) => place)) + 1], nice: false as const },
    axis: { tickCount: 6, format: "d" },
  };
  const y = {
    field: "ms",
    type: "quantitative" as const,
    title: "fixed work, ms",
    scale: { domain: [0, highest * 1.1], nice: false as const },
    axis: { tickCount: 4, format: "~r", grid: true },
  };
  const tooltip = [
    { field: "key", title: "before" },
    { field: "ms", title: "ms", format: ".3~r" },
  ];
  return {
    ...CHART_BASE,
    height: 160,
    data: { values: [...points] },
    layer: [
      {
        transform: [{ filter: "!datum.flagged" }],
        mark: { type: "point", filled: true, size: 40, opacity: 1, color: "var(--muted)" },
        encoding: { x: x, y: y, tooltip },
      },
      {
        transform: [{ filter: "datum.flagged" }],
        mark: { ...HOLLOW, stroke: "var(--bad)" },
        encoding: { x: x, y: y, tooltip },
      },
    ],
  };
}
