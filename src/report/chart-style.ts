import type { TopLevelSpec } from "vega-lite";

type Config = NonNullable<TopLevelSpec["config"]>;

const FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif";
const SCHEMA = "https://vega.github.io/schema/vega-lite/v6.json";

/** Colours are custom properties of the page: a chart follows the theme without being redrawn. */
const CONFIG: Config = {
  background: "transparent",
  font: FONT,
  padding: 2,
  view: { stroke: null },
  aria: false,
  axis: {
    labelColor: "var(--muted)",
    labelFontSize: 12,
    labelPadding: 6,
    titleColor: "var(--muted)",
    titleFontSize: 12,
    titleFontWeight: "normal",
    titlePadding: 10,
    gridColor: "var(--hair)",
    domain: false,
    ticks: false,
    labelLimit: 150,
  },
  axisX: { grid: false, domain: true, domainColor: "var(--rule)" },
  text: { color: "var(--ink)", fontSize: 12 },
  rule: { color: "var(--muted)" },
};

/** What every chart shares: as wide as its column, in the page's colours and type. */
export const CHART_BASE = {
  $schema: SCHEMA,
  width: "container",
  autosize: { type: "fit-x", contains: "padding" },
  config: CONFIG,
} as const satisfies Partial<TopLevelSpec>;

/** A mark that is there and does not count: invalid, overloaded, beaten. */
export const HOLLOW = {
  type: "point",
  filled: true,
  size: 75,
  opacity: 1,
  fill: "var(--paper)",
  strokeWidth: 2,
} as const;
