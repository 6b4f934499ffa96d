import { compareRuns } from "../../gate/run-comparison.ts";
import { comparisonSentence } from "../../gate/comparison-sentence.ts";
import type { Result } from "../../result/schema.ts";
import { longDate } from "../format.ts";
import { html } from "../html.ts";
import { renderPage } from "../page.ts";
import { changesSection } from "./changes.ts";
import { differencesSection } from "./differences.ts";
import { firstScreen } from "./first-screen.ts";
import { overlaySection } from "./overlay.ts";
import { percentilesSection } from "./percentiles.ts";
import { bothRuns } from "./both-runs.ts";

/** Two results laid over each other as one HTML page that needs nothing else. */
export function renderComparison(before: Result, after: Result): string {
  const both = bothRuns(before, after);
  const comparison = compareRuns(before, after);
  const name = after.scenario.name;
  return renderPage({
    title: `${name}, before and after`,
    description: comparisonSentence(comparison),
    version: after.silverbench,
    masthead: [
      html`<span>${name}</span>`,
      html`<span>${longDate(before.startedAt)} against ${longDate(after.startedAt)}</span>`,
      html`<span>${after.machine.cpu}, ${after.machine.cores} cores</span>`,
    ],
    first: firstScreen(comparison, both),
    sections: [
      changesSection(comparison),
      overlaySection(both),
      percentilesSection(both),
      differencesSection(comparison, both),
    ].flatMap((section) => section ?? []),
    footer: `from two results of scenario ${name}`,
    data: { name: "comparison", value: comparison },
  }).text;
}
