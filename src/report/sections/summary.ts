import type { CostRow } from "../../result/schema.ts";
import { medianOf, totalOf } from "../../result/standing.ts";
import { statedRatio } from "../../result/stated-ratio.ts";
import { renderTable } from "../data-table.ts";
import { basisOf, meshOf } from "../digest.ts";
import type { Digest, SystemDigest } from "../digest.ts";
import {
  formatBytes,
  formatCount,
  formatDollars,
  formatMs,
  formatNumber,
  formatShare,
  formatTimes,
  MISSING,
} from "../format.ts";
import { html } from "../html.ts";
import type { Child } from "../html.ts";
import type { Section } from "../section.ts";
import { systemName } from "../system-name.ts";

/** One column a system, one row a number: it fits a phone. */
export function summarySection(digest: Digest): Section {
  const { systems, result } = digest;
  const over = meshOf(digest);
  const lines: readonly Line[] = [
    ["Throughput, requests/s", ({ standing }) => formatNumber(medianOf(standing, "throughput"))],
    ...(over === null ? [] : [ratioLine(digest, over.name)]),
    ["p50 latency", ({ standing }) => formatMs(medianOf(standing, "p50"))],
    ["p99 latency", p99Of],
    [`Recall@${result.dataset.k}`, ({ standing }) => formatShare(medianOf(standing, "recall"))],
    [
      "Violations",
      ({ standing }) => faults(standing.points.length, totalOf(standing, "violations")),
    ],
    ["Short answers", ({ standing }) => faults(standing.points.length, totalOf(standing, "short"))],
    ["CPU s per 1,000 requests", ({ standing }) => formatNumber(medianOf(standing, "cpu"))],
    ["Memory (resident)", ({ standing }) => formatBytes(memoryOf(standing.valid))],
    ["$ per million requests", ({ name }) => formatDollars(costOf(result.cost, name))],
    ["Requests a batch", ({ standing }) => formatNumber(batchOf(standing.valid))],
    ["Processes", ({ name }) => String(result.systems[name]!.processes.length)],
    ["Valid rounds", ({ standing }) => `${standing.valid.length} of ${standing.points.length}`],
  ];
  const columns = [{ label: "" }, ...systems.map((system) => ({ label: heading(digest, system) }))];
  const rows = lines.map(([label, cell]) => [label, ...systems.map(cell)]);
  return {
    id: "summary",
    title: "Side by side",
    lead: `Each system at its headline: its fastest variant that reaches recall ${result.scenario.recallTarget} without a short answer. Medians over valid rounds.`,
    body: html`${renderTable({ caption: "Summary of the systems", columns, rows })}
      <p class="note">
        Load “${digest.load.name}”: ${digest.load.text}; ${basisOf(digest)}. Violations and short
        answers are counted over all rounds, discarded ones too. Dollars are for whole machines.
      </p>`,
  };
}

type Line = readonly [label: Child, cell: (system: SystemDigest) => Child];

function ratioLine(digest: Digest, over: string): Line {
  return [`Ratio over ${over}`, (system) => ratio(digest, system)];
}

function heading({ result }: Digest, system: SystemDigest): Child {
  const { kind, engine, device } = result.systems[system.name]!;
  const { variant } = system.standing;
  const detail = [kind, engine, device].filter((word) => word !== "").join(", ");
  return html`${systemName(system)}<span class="detail">${detail}</span
    >${variant === "" ? null : html`<span class="detail">${variant}</span>`}`;
}

function ratio(digest: Digest, { name }: SystemDigest): Child {
  const mesh = meshOf(digest);
  if (mesh?.name === name) return "1";
  const found = statedRatio(digest.result.comparisons, name, mesh?.name);
  if (found === null) return MISSING;
  const { low, high } = found;
  const interval =
    low === null || high === null ? "no interval" : `${formatNumber(low)} to ${formatNumber(high)}`;
  return html`${formatTimes(found.ratio)}<span class="detail">${interval}</span>`;
}

/** The rounds' median; where a round has too few answers for one, that of all rounds together. */
function p99Of({ standing, latencies }: SystemDigest): Child {
  const ofRounds = medianOf(standing, "p99");
  if (ofRounds !== null || latencies === null || latencies.count < 1000) return formatMs(ofRounds);
  return html`${formatMs(latencies.quantile(0.99) / 1000)}<span class="detail"
      >rounds together</span
    >`;
}

/** Nought is only claimed where something was measured. */
const faults = (rounds: number, count: number): string =>
  rounds === 0 ? MISSING : formatCount(count);

function memoryOf(points: SystemDigest["standing"]["valid"]): number | null {
  const known = points.flatMap(({ rssBytes }) => rssBytes ?? []);
  return known.length === 0 ? null : Math.max(...known);
}

function batchOf(points: SystemDigest["standing"]["valid"]): number | null {
  const means = points.flatMap(({ batch }) => batch?.mean ?? []);
  return means.length === 0 ? null : means.reduce((sum, mean) => sum + mean, 0) / means.length;
}

function costOf(rows: readonly CostRow[], system: string): number | null {
  return (
    rows.find((row) => row.system === system && row.basis === "machines")?.dollarsPerMillion ?? null
  );
}
