import type { SystemDigest } from "./digest.ts";

/** Encodings that give each system its mark, the same in every chart. */
export function byName(systems: readonly SystemDigest[]) {
  const domain = systems.map(({ name }) => name);
  const field = { field: "system", type: "nominal" } as const;
  return {
    color: { ...field, scale: { domain, range: systems.map(({ mark }) => mark.color) } },
    shape: { ...field, scale: { domain, range: systems.map(({ mark }) => mark.shape) } },
    dash: {
      ...field,
      scale: {
        domain,
        range: systems.map(({ mark }) => [...mark.dash, ...(mark.dash.length === 0 ? [1, 0] : [])]),
      },
    },
  };
}

/** Above the chart, in the page's type. Wraps where systems are many. */
export function legendOf(systems: readonly SystemDigest[]) {
  return {
    title: null,
    orient: "top",
    direction: "horizontal",
    columns: Math.min(systems.length, 3),
    symbolSize: 90,
    symbolOpacity: 1,
    labelFontSize: 12,
    labelColor: "var(--ink)",
    labelLimit: 200,
    columnPadding: 16,
    offset: 14,
  } as const;
}
