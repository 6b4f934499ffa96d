import type { CostRow } from "../../result/schema.ts";
import { axisEnd, barSpec, labelWidthOf } from "../bar-spec.ts";
import type { Digest } from "../digest.ts";
import { renderFigure } from "../figure.ts";
import { formatCount, formatDollars, formatNumber, formatTimes } from "../format.ts";
import { html } from "../html.ts";
import type { Section } from "../section.ts";
import { systemName } from "../system-name.ts";

const BASES = {
  machines: "Whole machines",
  resources: "Resources used",
} as const;

/** Dollars a million requests, on both bases. */
export function costSection(digest: Digest): Section | null {
  const { cost } = digest.result;
  if (cost.length === 0) return null;
  const bases = (["machines", "resources"] as const).filter((basis) =>
    cost.some((row) => row.basis === basis),
  );
  const bars = bases.map((basis) =>
    cost.filter((row) => row.basis === basis).map((row) => toBar(digest, row)),
  );
  const labelWidth = labelWidthOf(bars.flat());
  const { sheet, source } = cost[0]!;
  return {
    id: "cost",
    title: "What it costs",
    lead: "A whole machine costs the same however idle; the resources used are what is left when the rest of it does other work. The truth of a deployment lies between.",
    body: html`${renderFigure({
        charts: bases.map((basis, i) => ({
          id: `cost-${basis}`,
          heading: html`${BASES[basis]}`,
          spec: barSpec(bars[i]!, {
            title: "$ a million requests",
            upTo: axisEnd(bars[i]!),
            labelWidth,
          }),
          alt: `${BASES[basis]}: ${bars[i]!.map(({ label, text }) => `${label} ${text} a million requests`).join(", ")}.`,
        })),
        says: "Dollars a million requests at the headline's median throughput, without head-room or spare replicas. Shorter is better; each chart has its own axis.",
        basis: `Price sheet ${sheet}: ${source}`,
        table: {
          caption: "Cost of each system",
          columns: [
            "system",
            "basis",
            "priced machine",
            "$ an hour",
            "requests/s",
            "$ a million",
            "requests a $",
            "over the mesh",
          ].map((label, i) => ({ label, align: i < 3 ? ("left" as const) : ("right" as const) })),
          rows: cost.map((row) => [
            nameOf(digest, row),
            BASES[row.basis].toLowerCase(),
            row.shape,
            formatDollars(row.dollarsPerHour),
            formatNumber(row.requestsPerSecond),
            formatDollars(row.dollarsPerMillion),
            formatCount(row.requestsPerDollar),
            formatTimes(row.efficiency),
          ]),
        },
      })}
      <p class="note">
        Whole machines: the smallest shape of the sheet that holds the cores and the memory one
        replica had. Resources used: the CPU seconds of the requests at the sheet's cheapest vCPU,
        the same price for every system.
      </p>`,
  };
}

function toBar({ systems }: Digest, { system, dollarsPerMillion }: CostRow) {
  const color = systems.find(({ name }) => name === system)?.mark.color ?? "var(--rule)";
  return { label: system, value: dollarsPerMillion, color, text: formatDollars(dollarsPerMillion) };
}

function nameOf({ systems }: Digest, { system }: CostRow) {
  const found = systems.find(({ name }) => name === system);
  return found === undefined ? system : systemName(found);
}
