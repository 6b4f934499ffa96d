import { join } from "node:path";
import { writeFileAtomically } from "../result/atomic-file.ts";
import { BUNDLE_FILES, readBundle } from "../result/bundle.ts";
import { bencherMetrics } from "./bencher.ts";
import { benchmarkActionRows } from "./benchmark-action.ts";
import { renderJunit } from "./junit.ts";
import { renderReport } from "./render-report.ts";
import { renderSummary } from "./summary-markdown.ts";

/**
 * Writes everything that follows from a bundle into it: report.html, summary.md, junit.xml,
 * benchmark-action.json, bencher.json. Needs nothing but the bundle, complete or not.
 * @returns the path of report.html.
 * @throws HarnessError DATA if the bundle cannot be read or written.
 */
export async function writeReport(bundleFolder: string): Promise<string> {
  const { folder, result, samples } = await readBundle(bundleFolder);
  const report = join(folder, BUNDLE_FILES.report);
  await writeFileAtomically(report, renderReport(result, samples));
  await writeFileAtomically(join(folder, BUNDLE_FILES.summary), renderSummary(result));
  await writeFileAtomically(join(folder, BUNDLE_FILES.junit), renderJunit(result));
  await writeFileAtomically(
    join(folder, BUNDLE_FILES.benchmarkAction),
    json(benchmarkActionRows(result)),
  );
  await writeFileAtomically(join(folder, BUNDLE_FILES.bencher), json(bencherMetrics(result)));
  return report;
}

const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;
