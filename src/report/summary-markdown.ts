import { settlingText } from "../gate/settling-text.ts";
import type { Result } from "../result/schema.ts";
import { medianOf, totalOf } from "../result/standing.ts";
import { statedRatio } from "../result/stated-ratio.ts";
import { digest, meshOf } from "./digest.ts";
import type { Digest, SystemDigest } from "./digest.ts";
import {
  formatCount,
  formatDollars,
  formatNumber,
  formatShare,
  formatTimes,
  MISSING,
} from "./format.ts";

const VERDICTS = { pass: "✅", regression: "❌", inconclusive: "❔", invalid: "⛔" } as const;
/** GitHub refuses a comment above 65,536 characters. */
const LIMIT = 60_000;

/**
 * The result for a pull request, in GitHub's Markdown: the answer, verdicts, one table, the doubts.
 * It stands between two hidden tags with the scenario's name, so that a script can find the comment
 * of an earlier run and replace it.
 */
export function renderSummary(result: Result): string {
  const seen = digest(result, new Map());
  const name = result.scenario.name.replaceAll(/[^\w-]/g, "_");
  const body = [
    `<!-- silverbench:${name} -->`,
    `### silverbench: ${escapeMarkdown(result.scenario.name)}`,
    ...(result.complete ? [] : [`**This run did not complete${incompleteReason(result)}.**`]),
    `**${escapeMarkdown(seen.headline.sentence)}**`,
    gateTable(result),
    systemTable(seen),
    doubtList(result),
    `<sub>${escapeMarkdown(provenance(seen))}</sub>`,
  ].filter((part) => part !== "");
  const end = `<!-- /silverbench:${name} -->\n`;
  const text = body.join("\n\n");
  return `${fitting(text)}\n\n${end}`;
}

/** Cut between lines, so that no table row or tag is left half. */
function fitting(text: string): string {
  if (text.length <= LIMIT) return text;
  return `${text.slice(0, text.lastIndexOf("\n", LIMIT))}\n\n… cut to fit; report.html has the rest.`;
}

function incompleteReason({ incompleteReason: reason }: Result): string {
  return reason === undefined ? "" : `: ${escapeMarkdown(reason)}`;
}

function gateTable({ gates, settling }: Result): string {
  if (gates.length === 0) return "";
  const rows = gates.map(({ expression, verdict, reason }) => [
    `${VERDICTS[verdict]} ${verdict}`,
    code(expression),
    escapeMarkdown(reason),
  ]);
  const told = settlingText(settling);
  return `${table(["verdict", "promise", "measured"], rows)}${told === "" ? "" : `\n\n${told}`}`;
}

function systemTable(seen: Digest): string {
  const mesh = meshOf(seen);
  const { result } = seen;
  const lines: readonly (readonly [string, (system: SystemDigest) => string])[] = [
    ["throughput, requests/s", ({ standing }) => formatNumber(medianOf(standing, "throughput"))],
    [
      `ratio over ${mesh?.name ?? "the mesh"}`,
      (system) => ratioOf(result, system.name, mesh?.name),
    ],
    [
      "p50 / p99, ms",
      ({ standing }) =>
        `${formatNumber(medianOf(standing, "p50"))} / ${formatNumber(medianOf(standing, "p99"))}`,
    ],
    [`recall@${result.dataset.k}`, ({ standing }) => formatShare(medianOf(standing, "recall"))],
    [
      "violations / short",
      ({ standing }) =>
        `${formatCount(totalOf(standing, "violations"))} / ${formatCount(totalOf(standing, "short"))}`,
    ],
    ["CPU s per 1,000 requests", ({ standing }) => formatNumber(medianOf(standing, "cpu"))],
    [
      "$ per million, whole machines",
      ({ name }) => formatDollars(costOf(result, name, "machines")),
    ],
    ["$ per million, as used", ({ name }) => formatDollars(costOf(result, name, "resources"))],
    ["valid rounds", ({ standing }) => `${standing.valid.length} of ${standing.points.length}`],
  ];
  const head = ["", ...seen.systems.map(({ name }) => escapeMarkdown(name))];
  const rows = lines.map(([label, cell]) => [escapeMarkdown(label), ...seen.systems.map(cell)]);
  return table(head, rows);
}

function ratioOf({ comparisons }: Result, of: string, over: string | undefined): string {
  if (of === over) return "1";
  const found = statedRatio(comparisons, of, over);
  if (found === null) return MISSING;
  const { ratio, low, high } = found;
  return low === null || high === null
    ? formatTimes(ratio)
    : `${formatTimes(ratio)} (${formatNumber(low)} to ${formatNumber(high)})`;
}

function costOf(
  { cost }: Result,
  system: string,
  basis: Result["cost"][number]["basis"],
): number | null {
  const row = cost.find((each) => each.system === system && each.basis === basis);
  return row?.dollarsPerMillion ?? null;
}

function doubtList({ doubts }: Result): string {
  if (doubts.length === 0) return "";
  return ["Before you quote this:", ...doubts.map(({ text }) => `- ${escapeMarkdown(text)}`)].join(
    "\n",
  );
}

function provenance({ result, load }: Digest): string {
  const { machine, dataset } = result;
  return `${load.text}; ${formatCount(dataset.items)} items x ${dataset.dim}, k ${dataset.k}; ${machine.cpu}, ${machine.cores} cores, ${machine.os}, Node ${machine.node}; silverbench ${result.silverbench}, ${result.startedAt}`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const rule = head.map((_, i) => (i === 0 ? "---" : "---:"));
  return [line(head), line(rule), ...rows.map(line)].join("\n");
}

const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;

/** In a table a bar ends the cell even inside code. */
const code = (text: string): string =>
  `\`${text.replaceAll("`", "'").replaceAll("|", String.raw`\|`)}\``;

/** Text that GitHub shows as it is: no markup, no mention, no line break. */
export function escapeMarkdown(text: string): string {
  return text
    .replaceAll(/\s+/g, " ")
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll("@", "@<!-- -->")
    .replaceAll(/[\\`*_[\]|#~]/g, String.raw`\$&`);
}
