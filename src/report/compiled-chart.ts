import type { Spec } from "vega";
import { compile } from "vega-lite";
import type { TopLevelSpec } from "vega-lite";

/**
 * A chart as the page draws it: Vega-Lite is compiled here, once, so that a reader's browser needs
 * neither the compiler nor the time. Numbers have six digits: a pixel is a thousandth of a chart.
 */
export function compiledChart(spec: TopLevelSpec): Spec {
  return JSON.parse(JSON.stringify(compile(spec).spec, fewDigits)) as Spec;
}

function fewDigits(_: string, value: unknown): unknown {
  return typeof value === "number" ? Number(value.toPrecision(6)) : value;
}
