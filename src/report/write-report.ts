import { join } from "node:path";
import { writeFileAtomically } from "../result/atomic-file.ts";
import { BUNDLE_FILES, readBundle } from "../result/bundle.ts";
import type { HistoryRow } from "../result/history.ts";
import type { GateVerdict } from "../result/schema.ts";
import { bencherMetrics } from "./bencher.ts";
import { biggerIsBetterRows, smallerIsBetterRows } from "./benchmark-action.ts";
import { renderJunit } from "./junit.ts";
import { renderPrometheus } from "./prometheus.ts";
import { renderReport } from "./render-report.ts";
import { renderSummary } from "./summary-markdown.ts";

/**
 * Writes everything that follows from a bundle into it: report.html, summary.md, junit.xml, and the
 * numbers for github-action-benchmark, Bencher and Prometheus. Needs nothing but the bundle,
 * complete or not.
 * @param shown verdicts to show instead of those that the run gave; earlier runs for the trend.
 * @returns the path of report.html.
 * @throws HarnessError DATA if the bundle cannot be read or written.
 */
export async function writeReport(
  bundleFolder: string,
  shown: { gates?: readonly GateVerdict[]; history?: readonly HistoryRow[] } = {},
): Promise<string> {
  const { folder, result: stored, samples } = await readBundle(bundleFolder);
  const { gates = stored.gates, history = [] } = shown;
  const result = { ...stored, gates: [...gates] };
  const path = (file: keyof typeof BUNDLE_FILES): string => join(folder, BUNDLE_FILES[file]);
  const texts = [
    ["report", renderReport(result, samples, history)],
    ["summary", renderSummary(result)],
    ["junit", renderJunit(result)],
    ["benchmarkAction", json(biggerIsBetterRows(result))],
    ["benchmarkActionSmaller", json(smallerIsBetterRows(result))],
    ["bencher", json(bencherMetrics(result))],
    ["prometheus", renderPrometheus(result)],
  ] as const;
  for (const [file, text] of texts) await writeFileAtomically(path(file), text);
  return path("report");
}

const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;
