import { median } from "../../math/quantile.ts";
import { renderTable, withoutEmptyColumns } from "../data-table.ts";
import type { DataTable } from "../data-table.ts";
import type { Digest, SystemDigest } from "../digest.ts";
import {
  formatCount,
  formatNumber,
  formatPercent,
  formatShare,
  formatTimes,
  MISSING,
} from "../format.ts";
import { html } from "../html.ts";
import type { Child } from "../html.ts";
import type { Section } from "../section.ts";
import { systemName } from "../system-name.ts";

/** The filter templates with what they were measured to let pass, and how each system fared by them. */
export function filtersSection({ result, systems }: Digest): Section {
  const { dataset } = result;
  const fared = faredTable(dataset.filters, systems);
  return {
    id: "filters",
    title: "What was asked",
    lead: "How selective a filter is decides which system it suits. These shares were measured on the very requests of the run. The bars are logarithmic.",
    body: html`<p>
        ${formatCount(dataset.requests)} distinct requests for the ${formatCount(dataset.k)} best of
        ${formatCount(dataset.items)} items (${dataset.name}, ${String(dataset.dim)} dimensions), on
        behalf of ${formatCount(dataset.users)} users. On average a filter lets
        ${formatPercent(dataset.filterPassRate)} of the items pass.
      </p>
      ${renderTable(templateTable(dataset.filters))}
      ${
        dataset.filters.every(({ lift }) => lift === null)
          ? null
          : html`<p class="note">
              Lift: how much likelier an item near the user passes than any item, median over a
              hundred requests. About 1: the filter has nothing to do with what the user likes.
            </p>`
      }
      ${
        fared === null
          ? null
          : html`<details class="data">
              <summary>Each system, filter by filter, at the headline load</summary>
              ${renderTable(fared)}
            </details>`
      }`,
  };
}

type Filters = Digest["result"]["dataset"]["filters"];

function templateTable(filters: Filters): DataTable {
  const weights = filters.reduce((sum, { weight }) => sum + weight, 0);
  return withoutEmptyColumns(
    {
      caption: "Filter templates",
      columns: [
        { label: "filter" },
        { label: "name", align: "left" },
        { label: "share of requests" },
        { label: "requests" },
        { label: "lift" },
        { label: "items that pass", align: "left" },
      ],
      rows: filters.map(({ name, template, weight, passRate, lift, requests }) => [
        templateText(template),
        name ?? MISSING,
        formatPercent(weight / weights),
        formatCount(requests),
        formatTimes(lift),
        passRate === null ? formatPercent(null) : meter(passRate),
      ]),
    },
    MISSING,
  );
}

/** Recall and latency of each system by template, over valid rounds; null where nobody knows them. */
function faredTable(filters: Filters, systems: readonly SystemDigest[]): DataTable | null {
  const rows = filters.flatMap(({ template }, filter) =>
    systems.flatMap((system): Child[][] => {
      const seen = system.standing.valid.flatMap(({ filters: each }) =>
        each.filter((row) => row.filter === filter),
      );
      if (seen.length === 0) return [];
      const middle = (of: (row: (typeof seen)[number]) => number | null): number | null => {
        const values = seen.flatMap((row) => of(row) ?? []);
        return values.length < seen.length ? null : median(values);
      };
      const sum = (of: (row: (typeof seen)[number]) => number): string =>
        formatCount(seen.reduce((total, row) => total + of(row), 0));
      return [
        [
          templateText(template),
          systemName(system),
          sum(({ answers }) => answers),
          formatShare(middle(({ recall }) => recall)),
          formatNumber(middle(({ p50Ms }) => p50Ms)),
          formatNumber(middle(({ p99Ms }) => p99Ms)),
          sum(({ violations }) => violations),
          sum(({ short }) => short),
        ],
      ];
    }),
  );
  if (rows.length === 0) return null;
  const labels = [
    "filter",
    "system",
    "answers",
    "recall",
    "p50, ms",
    "p99, ms",
    "violations",
    "short",
  ];
  const columns = labels.map((label, i) => ({
    label,
    align: i < 2 ? ("left" as const) : ("right" as const),
  }));
  return withoutEmptyColumns(
    { caption: "Each system filter by filter, medians over valid rounds", columns, rows },
    MISSING,
  );
}

const templateText = (template: string): Child =>
  template === "" ? html`<span class="quiet">none</span>` : html`<code>${template}</code>`;

/** A bar on a log axis from 0.01% to all, with the number beside it. */
function meter(share: number): Child {
  const width = share <= 0 ? 0 : Math.max(0, Math.min(1, 1 + Math.log10(share) / 4)) * 100;
  return html`<span class="meter"
    ><span class="track" aria-hidden="true"
      ><span style="width: ${formatNumber(width)}%"></span></span
    >${formatPercent(share)}</span
  >`;
}
