import { renderTable } from "../data-table.ts";
import type { Digest } from "../digest.ts";
import { formatCount, formatNumber, formatPercent } from "../format.ts";
import { html } from "../html.ts";
import type { Child } from "../html.ts";
import type { Section } from "../section.ts";

/** The filter templates with the share of the catalogue that they were measured to let pass. */
export function filtersSection({ result }: Digest): Section {
  const { dataset } = result;
  const weights = dataset.filters.reduce((sum, { weight }) => sum + weight, 0);
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
      ${renderTable({
        caption: "Filter templates",
        columns: [
          { label: "filter" },
          { label: "share of requests" },
          { label: "requests" },
          { label: "items that pass", align: "left" },
        ],
        rows: dataset.filters.map(({ template, weight, passRate, requests }) => [
          template === "" ? html`<span class="quiet">none</span>` : html`<code>${template}</code>`,
          formatPercent(weight / weights),
          formatCount(requests),
          passRate === null ? formatPercent(null) : meter(passRate),
        ]),
      })}`,
  };
}

/** A bar on a log axis from 0.01% to all, with the number beside it. */
function meter(share: number): Child {
  const width = share <= 0 ? 0 : Math.max(0, Math.min(1, 1 + Math.log10(share) / 4)) * 100;
  return html`<span class="meter"
    ><span class="track" aria-hidden="true"
      ><span style="width: ${formatNumber(width)}%"></span></span
    >${formatPercent(share)}</span
  >`;
}
