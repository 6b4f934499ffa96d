import type { Histogram } from "../math/histogram.ts";
import type { HistoryRow } from "../result/history.ts";
import type { Result } from "../result/schema.ts";
import { digest } from "./digest.ts";
import type { Digest } from "./digest.ts";
import { longDate } from "./format.ts";
import { html } from "./html.ts";
import type { Html } from "./html.ts";
import { renderPage } from "./page.ts";
import type { Section } from "./section.ts";
import { answerSection } from "./sections/answer.ts";
import { batchesSection } from "./sections/batches.ts";
import { capacitySection } from "./sections/capacity.ts";
import { costSection } from "./sections/cost.ts";
import { driftSection } from "./sections/drift.ts";
import { faultsSection } from "./sections/faults.ts";
import { filterMatrixSection } from "./sections/filter-matrix.ts";
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
import { resourcesSection } from "./sections/resources.ts";
import { settingsSection } from "./sections/settings.ts";
import { stagesSection } from "./sections/stages.ts";
import { summarySection } from "./sections/summary.ts";
import { throughputSection } from "./sections/throughput.ts";
import { trendSection } from "./sections/trend.ts";
import { updatesSection } from "./sections/updates.ts";

/** In the order a reader asks: how much, how sure, why, at what cost, under which conditions. */
const SECTIONS: readonly ((digest: Digest) => Section | null)[] = [
  summarySection,
  ratiosSection,
  ladderSection,
  frontierSection,
  loadLatencySection,
  capacitySection,
  faultsSection,
  updatesSection,
  throughputSection,
  driftSection,
  latencyPercentilesSection,
  latencyDistributionSection,
  stagesSection,
  batchesSection,
  processesSection,
  memorySection,
  resourcesSection,
  filtersSection,
  filterMatrixSection,
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
  return page(seen, sections).text;
}

function page(seen: Digest, sections: readonly Section[]): Html {
  const { result, headline } = seen;
  const { scenario, machine } = result;
  return renderPage({
    title: scenario.name,
    description: headline.sentence,
    version: result.silverbench,
    masthead: [
      html`<span>${scenario.name}</span>`,
      html`<span><time datetime="${result.startedAt}">${longDate(result.startedAt)}</time></span>`,
      html`<span>${machine.cpu}, ${machine.cores} cores</span>`,
    ],
    first: answerSection(seen),
    sections,
    footer: html`from scenario ${scenario.name}, <code>${scenario.hash.slice(0, 16)}</code>`,
    data: { name: "result", value: result },
  });
}
