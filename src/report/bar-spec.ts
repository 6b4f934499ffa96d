import type { TopLevelSpec } from "vega-lite";
import { CHART_BASE } from "./chart-style.ts";

export interface Bar {
  readonly label: string;
  readonly value: number;
  /** Drawn at the end of the bar. */
  readonly text: string;
  /** A thin mark on the same axis, such as a 99th percentile. */
  readonly tick?: number;
}

export interface BarOptions {
  readonly title: string;
  readonly color: string;
  /** End of the axis: the same for charts that are compared. */
  readonly upTo: number;
}

/** Horizontal bars from zero with their values written beside them: they read on a phone. */
export function barSpec(bars: readonly Bar[], { title, color, upTo }: BarOptions): TopLevelSpec {
  const y = { field: "label", type: "nominal", sort: null, title: null } as const;
  const x = {
    type: "quantitative",
    title,
    scale: { domain: [0, upTo], nice: false },
    axis: { grid: true, tickCount: 4, format: "~r" },
  } satisfies Record<string, unknown>;
  const values = bars.map(({ label, value, text, tick }) => ({
    label,
    value,
    text,
    tick: tick ?? null,
    end: Math.max(value, tick ?? 0),
  }));
  return {
    ...CHART_BASE,
    height: { step: 30 },
    data: { values },
    layer: [
      {
        mark: { type: "bar", height: 13, color, cornerRadiusEnd: 2 },
        encoding: { y, x: { ...x, type: "quantitative", field: "value" } },
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
