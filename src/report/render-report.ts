import { readFileSync } from "node:fs";
import { deflateRawSync } from "node:zlib";
import type { Histogram } from "../math/histogram.ts";
import type { HistoryRow } from "../result/history.ts";
import type { Result } from "../result/schema.ts";
import { CHART_SCRIPT } from "./chart-script.ts";
import { digest } from "./digest.ts";
import type { Digest } from "./digest.ts";
import { html, trusted } from "./html.ts";
import type { Html } from "./html.ts";
import { PAGE_SCRIPT } from "./page-script.ts";
import { renderSection } from "./section.ts";
import type { Section } from "./section.ts";
import { answerSection } from "./sections/answer.ts";
import { batchesSection } from "./sections/batches.ts";
import { capacitySection } from "./sections/capacity.ts";
import { costSection } from "./sections/cost.ts";
import { driftSection } from "./sections/drift.ts";
import { filtersSection } from "./sections/filters.ts";
import { frontierSection } from "./sections/frontier.ts";
import { ladderSection } from "./sections/ladder.ts";
import { latencyDistributionSection } from "./sections/latency-distribution.ts";
import { latencyPercentilesSection } from "./sections/latency-percentiles.ts";
import { loadLatencySection } from "./sections/load-latency.ts";
import { machineSection } from "./sections/machine.ts";
import { memorySection } from "./sections/memory.ts";
import { operateSection } from "./sections/operate.ts";
import { pointsSection } from "./sections/points.ts";
import { processesSection } from "./sections/processes.ts";
import { ratiosSection } from "./sections/ratios.ts";
import { repeatSection } from "./sections/repeat.ts";
import { settingsSection } from "./sections/settings.ts";
import { stagesSection } from "./sections/stages.ts";
import { summarySection } from "./sections/summary.ts";
import { throughputSection } from "./sections/throughput.ts";
import { trendSection } from "./sections/trend.ts";
import { vegaScript } from "./vega-script.ts";

/** In the order a reader asks: how much, how sure, why, at what cost, under which conditions. */
const SECTIONS: readonly ((digest: Digest) => Section | null)[] = [
  summarySection,
  ratiosSection,
  ladderSection,
  frontierSection,
  loadLatencySection,
  capacitySection,
  throughputSection,
  driftSection,
  latencyPercentilesSection,
  latencyDistributionSection,
  stagesSection,
  batchesSection,
  processesSection,
  memorySection,
  filtersSection,
  costSection,
  operateSection,
  trendSection,
  settingsSection,
  pointsSection,
  machineSection,
  repeatSection,
];

/**
 * The report as one HTML page that needs nothing else: no network, no other file.
 * @param samples latencies (microseconds) by point key; a point without is left out of the charts.
 * @param history earlier runs, for the trend.
 */
export function renderReport(
  result: Result,
  samples: ReadonlyMap<string, Histogram>,
  history: readonly HistoryRow[] = [],
): string {
  const seen = digest(result, samples, history);
  const sections = SECTIONS.flatMap((section) => section(seen) ?? []);
  return `<!doctype html>\n${page(seen, sections).text}\n`;
}

function page(seen: Digest, sections: readonly Section[]): Html {
  const { result, headline } = seen;
  return html`<html lang="en">
    <head>
      <meta charset="utf-8" />
      <meta name="viewport" content="width=device-width, initial-scale=1" />
      <meta name="description" content="${headline.sentence}" />
      <meta name="generator" content="silverbench ${result.silverbench}" />
      <link rel="icon" href="data:," />
      <title>${result.scenario.name} · silverbench</title>
      <style>
        ${trusted(readFileSync(new URL("page.css", import.meta.url), "utf8"))}
      </style>
    </head>
    <body>
      <header class="masthead">
        <b>silverbench</b> <span>${result.scenario.name}</span>
        <span><time datetime="${result.startedAt}">${longDate(result.startedAt)}</time></span>
        <span>${result.machine.cpu}, ${result.machine.cores} cores</span>
        <button type="button" class="theme" hidden></button>
      </header>
      <main>
        ${answerSection(seen)}
        <nav class="contents" aria-label="Contents">
          <ol>
            ${sections.map(({ id, title }) => html`<li><a href="#${id}">${title}</a></li> `)}
          </ol>
        </nav>
        ${sections.map(renderSection)}
      </main>
      <footer>
        <p>
          Written by silverbench ${result.silverbench} from scenario ${result.scenario.name},
          <code>${result.scenario.hash.slice(0, 16)}</code>. Everything this page shows is inside
          it.
        </p>
      </footer>
      <script type="application/octet-stream" id="result">
        ${trusted(deflateRawSync(JSON.stringify(result)).toString("base64"))}
      </script>
      ${[vegaScript(), CHART_SCRIPT, PAGE_SCRIPT].map(
        (script) =>
          html`<script>
            ${trusted(script)};
          </script> `,
      )}
    </body>
  </html>`;
}

function longDate(iso: string): string {
  const date = new Date(iso);
  if (Number.isNaN(date.getTime())) return iso;
  return new Intl.DateTimeFormat("en-GB", { dateStyle: "long", timeZone: "UTC" }).format(date);
}
