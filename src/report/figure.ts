import type { TopLevelSpec } from "vega-lite";
import { compiledChart } from "./compiled-chart.ts";
import { renderTable } from "./data-table.ts";
import type { DataTable } from "./data-table.ts";
import { html, scriptJson } from "./html.ts";
import type { Html } from "./html.ts";

export interface Chart {
  /** Unique in the page; also names the saved file. */
  readonly id: string;
  /** Shown above it where a figure has several. */
  readonly heading?: Html;
  readonly spec: TopLevelSpec;
  /** What a reader who cannot see it should know. */
  readonly alt: string;
}

export interface Figure {
  readonly charts: readonly Chart[];
  /** What it shows and how to read it. */
  readonly says: string;
  /** On how many samples, of which load. */
  readonly basis: string;
  readonly table: DataTable;
}

/** Charts that the page draws when they come near the screen, with the numbers behind them as a table. */
export function renderFigure({ charts, says, basis, table }: Figure): Html {
  return html`<figure>
    <div class="charts charts-${Math.min(charts.length, 2)}">${charts.map(renderChart)}</div>
    <figcaption>${says} <span class="basis">${capital(basis)}.</span></figcaption>
    <details class="data">
      <summary>The numbers</summary>
      ${renderTable(table)}
    </details>
  </figure>`;
}

function renderChart({ id, heading, spec, alt }: Chart): Html {
  return html`<div class="chart">
    ${heading === undefined ? null : html`<h3>${heading}</h3>`}
    <div
      class="canvas"
      id="chart-${id}"
      role="img"
      aria-label="${alt}"
      style="--height: ${heightOf(spec)}px"
    >
      <p class="wait">This chart needs JavaScript; its numbers are in the table below.</p>
    </div>
    <script type="application/json" class="spec" data-for="chart-${id}">
      ${scriptJson(compiledChart(spec))}
    </script>
  </div>`;
}

/** What is kept free until it is drawn, so that the page does not jump under a reader. */
function heightOf(spec: TopLevelSpec): number {
  return "height" in spec && typeof spec.height === "number" ? spec.height : 0;
}

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
