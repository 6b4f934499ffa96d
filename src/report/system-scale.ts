import type { SystemDigest } from "./digest.ts";

/**
 * Encodings that give each system its mark, the same in every chart. Every layer of a chart takes
 * them from one call, so that they share one legend, above the chart in the page's type.
 */
export function bySystem(
  systems: readonly Pick<SystemDigest, "name" | "mark">[],
  symbol: "point" | "line",
) {
  const domain = systems.map(({ name }) => name);
  const field = {
    field: "system",
    type: "nominal",
    legend: {
      title: null,
      orient: "top",
      direction: "horizontal",
      // Five names in three columns would be cut off on a phone.
      columns: systems.length > 3 ? 2 : systems.length,
      symbolOpacity: 1,
      symbolStrokeWidth: symbol === "line" ? 2.25 : 1,
      symbolSize: symbol === "line" ? 300 : 90,
      ...(symbol === "line" ? { symbolType: "stroke" } : {}),
      labelFontSize: 12,
      labelColor: "var(--ink)",
      labelLimit: 200,
      columnPadding: 16,
      offset: 14,
    },
  } as const;
  return {
    color: { ...field, scale: { domain, range: systems.map(({ mark }) => mark.color) } },
    shape: { ...field, scale: { domain, range: systems.map(({ mark }) => mark.shape) } },
    dash: { ...field, scale: { domain, range: systems.map(({ mark }) => [...mark.dash]) } },
  };
}
