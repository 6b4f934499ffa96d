import type { TopLevelSpec } from "vega-lite";
import { CHART_BASE } from "./chart-style.ts";

export interface Bar {
  readonly label: string;
  readonly value: number;
  /** Drawn at the end of the bar. */
  readonly text: string;
  readonly color: string;
  /** A thin mark on the same axis, such as a 99th percentile. */
  readonly tick?: number;
}

export interface BarOptions {
  readonly title: string;
  /** End of the axis: the same for charts that are compared. */
  readonly upTo: number;
  /** Room for the labels, in pixels: the same for charts that are compared. */
  readonly labelWidth: number;
}

/** Height of a bar with its surroundings, pixels. */
const BAND = 30;

/** Horizontal bars from zero with their values written beside them: they read on a phone. */
export function barSpec(
  bars: readonly Bar[],
  { title, upTo, labelWidth }: BarOptions,
): TopLevelSpec {
  const axis = { minExtent: labelWidth, maxExtent: labelWidth, labelLimit: labelWidth - 8 };
  const y = { field: "label", type: "nominal", sort: null, title: null, axis } as const;
  const x = {
    type: "quantitative",
    title,
    scale: { domain: [0, upTo], nice: false },
    axis: { grid: true, tickCount: 4, format: "~r" },
  } satisfies Record<string, unknown>;
  const values = bars.map(({ label, value, text, color, tick }) => ({
    label,
    color,
    value,
    text,
    tick: tick ?? null,
    end: Math.max(value, tick ?? 0),
  }));
  return {
    ...CHART_BASE,
    height: Math.max(1, bars.length) * BAND,
    data: { values },
    layer: [
      {
        mark: { type: "bar", height: 13, cornerRadiusEnd: 2 },
        encoding: {
          y,
          x: { ...x, type: "quantitative", field: "value" },
          color: { field: "color", type: "nominal", scale: null },
        },
      },
      {
        transform: [{ filter: "datum.tick !== null" }],
        mark: { type: "tick", thickness: 2, size: 15, color: "var(--ink)" },
        encoding: { y, x: { ...x, type: "quantitative", field: "tick" } },
      },
      {
        mark: { type: "text", align: "left", dx: 6, fontSize: 11.5 },
        encoding: { y, x: { ...x, type: "quantitative", field: "end" }, text: { field: "text" } },
      },
    ],
  };
}

/** Room beyond the longest bar for the text at its end. */
export function axisEnd(bars: readonly Bar[]): number {
  const longest = Math.max(0, ...bars.map(({ value, tick }) => Math.max(value, tick ?? 0)));
  return longest === 0 ? 1 : longest * 1.45;
}

/** Pixels that the labels need at the axis' type size, within what a phone can spare. */
export function labelWidthOf(bars: readonly Bar[]): number {
  const letters = Math.max(0, ...bars.map(({ label }) => label.length));
  return Math.min(150, Math.max(48, Math.ceil(letters * 7.3) + 14));
}
