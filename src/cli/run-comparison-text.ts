import Table from "cli-table3";
import type { RunComparison, RunComparisonRow } from "../gate/run-comparison.ts";
import { wrapped } from "./outcome-text.ts";
import { BARE } from "./summary-table.ts";

/** Two runs as a person reads them on a terminal: numbers, then what else is not the same. */
export function runComparisonText(comparison: RunComparison, columns: number): string {
  const { question, gaps, surroundings, rows, otherLoads } = comparison;
  const sections = [
    ...list("NOT THE SAME QUESTION, so the numbers say little:", question),
    ...list("Missing:", gaps),
    rows.length === 0 ? "No system is in both runs." : rowTable(rows),
    ...(otherLoads.length === 0 ? [] : [rowTable(withLoads(otherLoads))]),
    ...list("What else differs:", surroundings),
  ];
  return sections.map((section) => wrapped(section, columns)).join("\n\n");
}

/** The same as a Markdown table, for a pull request. */
export function runComparisonMarkdown(comparison: RunComparison): string {
  const { question, gaps, surroundings, rows, otherLoads } = comparison;
  const head =
    "| | metric | before | after | after / before | verdict |\n| --- | --- | ---: | ---: | ---: | --- |";
  const lines = [...rows, ...withLoads(otherLoads)].map(
    (row) =>
      `| ${cellsOf(row)
        .map((cell) => cell.replaceAll("|", String.raw`\|`))
        .join(" | ")} |`,
  );
  const notes = [
    ...question.map((each) => `**not the same question:** ${each}`),
    ...gaps,
    ...surroundings,
  ].map((each) => `- ${each.replaceAll(/[<>]/g, "")}`);
  return [[head, ...lines].join("\n"), notes.join("\n")].filter((part) => part !== "").join("\n\n");
}

function rowTable(rows: readonly RunComparisonRow[]): string {
  const table = new Table({
    head: ["", "", "before", "after", "ratio, 95%", "verdict"],
    colAligns: ["left", "left", "right", "right", "right", "left"],
    style: { head: [], border: [], "padding-left": 0, "padding-right": 1 },
    chars: BARE,
  });
  let last = "";
  for (const row of rows) {
    const [subject, ...cells] = cellsOf(row);
    table.push([subject === last ? "" : subject!, ...cells]);
    last = subject!;
  }
  return table
    .toString()
    .split("\n")
    .map((line) => line.trimEnd())
    .join("\n");
}

/** Beside the headline's, the load is part of what a row is about. */
function withLoads(rows: readonly RunComparisonRow[]): RunComparisonRow[] {
  return rows.map((row) => ({ ...row, subject: `${row.subject}, ${row.load}` }));
}

/** Short, so that the table fits 80 columns. */
const LABELS: Readonly<Record<string, string>> = {
  throughput: "requests/s",
  p50: "p50, ms",
  p99: "p99, ms",
  cpu: "CPU, ms",
};

function cellsOf({
  subject,
  metric,
  before,
  after,
  ratio,
  low,
  high,
  verdict,
}: RunComparisonRow): string[] {
  // Within a run it is a ratio, which has no unit.
  const label = subject.includes(" over ") ? metric : (LABELS[metric] ?? metric);
  const interval = low === null || high === null ? "" : ` (${number(low)}-${number(high)})`;
  return [
    subject,
    label,
    number(before),
    number(after),
    ratio === null ? "-" : `${number(ratio)}${interval}`,
    verdict,
  ];
}

function list(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : [[title, ...lines.map((line) => `- ${line}`)].join("\n")];
}

function number(value: number | null): string {
  if (value === null) return "-";
  return Math.abs(value) >= 1000
    ? Math.round(value).toLocaleString("en-US")
    : String(Number(value.toPrecision(3)));
}
