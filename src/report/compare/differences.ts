import type { RunComparison } from "../../gate/run-comparison.ts";
import type { Result } from "../../result/schema.ts";
import { renderTable } from "../data-table.ts";
import { formatSeconds } from "../format.ts";
import { html } from "../html.ts";
import type { Child } from "../html.ts";
import type { Section } from "../section.ts";
import type { BothRuns } from "./both-runs.ts";

/** What of settings and environment is not the same, and both runs fact by fact. */
export function differencesSection(
  { differences }: RunComparison,
  { before, after }: BothRuns,
): Section {
  const changed =
    differences.length === 0
      ? html`<p>Nothing that a result records: settings, versions and machine are the same.</p>`
      : renderTable({
          caption: "Settings, versions and machine that differ",
          columns: [
            { label: "what" },
            { label: "before", align: "left" },
            { label: "after", align: "left" },
          ],
          rows: differences.map((each) => [
            each.what,
            html`<code>${each.before}</code>`,
            html`<code>${each.after}</code>`,
          ]),
        });
  return {
    id: "differences",
    title: "What else differs",
    lead: "A number changes for a reason: first among these stand the settings, versions and machines. Code is not among them: note the commits.",
    body: html`${changed}
      <h3 class="apart">The two runs</h3>
      ${renderTable({
        caption: "The two runs",
        columns: [{ label: "" }, { label: "before" }, { label: "after" }].map((column) => ({
          ...column,
          align: "left" as const,
        })),
        rows: FACTS.map(([label, of]) => [label, of(before), of(after)]),
      })}
      <p class="note">
        The comparison is inside this page:
        <button type="button" class="link" data-save="comparison">save it as JSON</button>.
      </p>`,
  };
}

const FACTS: readonly (readonly [string, (result: Result) => Child])[] = [
  ["scenario", ({ scenario }) => scenario.name],
  ["hash of the scenario", ({ scenario }) => html`<code>${scenario.hash.slice(0, 16)}</code>`],
  ["data", ({ dataset }) => html`${dataset.name}, <code>${dataset.hash.slice(0, 16)}</code>`],
  ["started", ({ startedAt }) => `${startedAt.slice(0, 16).replace("T", " ")} UTC`],
  ["took", ({ seconds }) => formatSeconds(seconds)],
  ["machine", ({ machine }) => html`${machine.cpu}, <code>${machine.class}</code>`],
  ["silverbench", ({ silverbench }) => silverbench],
  ["complete", ({ complete }) => (complete ? "yes" : "no")],
  ["valid points", ({ points }) => validOf(points)],
  ["doubts", ({ doubts }) => doubts.map(({ code }) => code).join(", ") || "none"],
];

function validOf(points: Result["points"]): string {
  const valid = points.filter(({ verdict }) => verdict === "valid").length;
  return `${valid} of ${points.length}`;
}
