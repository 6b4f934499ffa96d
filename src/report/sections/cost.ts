import type { CostRow } from "../../result/schema.ts";
import { axisEnd, barSpec, labelWidthOf } from "../bar-spec.ts";
import { renderTable, withoutEmptyColumns } from "../data-table.ts";
import type { DataTable } from "../data-table.ts";
import type { Digest } from "../digest.ts";
import { renderFigure } from "../figure.ts";
import { formatCount, formatDollars, formatNumber, formatTimes, MISSING } from "../format.ts";
import { html } from "../html.ts";
import type { Child, Html } from "../html.ts";
import type { Section } from "../section.ts";
import { systemNamed } from "../system-name.ts";
import { fleetFigure } from "./fleet-cost.ts";

const BASES = {
  machines: "Whole machines",
  resources: "Resources used",
} as const;

/** Dollars a million requests, on both bases, and where one fleet becomes cheaper than the other. */
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
        says: `Dollars a million requests. ${planText(cost)} Shorter is better; each chart has its own axis.`,
        basis: `Price sheet ${sheet}: ${source}`,
        table: costTable(digest),
      })}
      ${fleetFigure(digest)} ${breakEvenTable(digest)}
      <p class="note">
        Whole machines: the smallest shape of the sheet that holds the cores, the memory and the
        GPUs of one replica, at the fastest rate that kept the objective. Resources used: the CPU
        and GPU seconds of the requests, each at the sheet's cheapest price, the same for every
        system.
      </p>`,
  };
}

/** The load that the fleets are for; nothing for a result from before fleets were planned. */
function planText(cost: readonly CostRow[]): string {
  const plan = cost.find((row) => row.plan !== null)?.plan;
  if (plan == null) return "";
  const spares = plan.spares === 1 ? "one spare machine" : `${plan.spares} spare machines`;
  return `Whole machines carry ${formatCount(plan.requestsPerSecond)} requests a second with ${Number((plan.headRoom * 100).toFixed(1))}% of each kept free, and ${spares}.`;
}

function costTable(digest: Digest): DataTable {
  const labels = [
    "system",
    "basis",
    "priced machine",
    "machines",
    "holds, requests/s",
    "$ an hour",
    "$ a million",
    "requests a $",
    "over the mesh",
    "CPU s a million",
    "GPU s a million",
    "GPU kWh a million",
  ];
  const rows = digest.result.cost.map((row): Child[] => [
    systemNamed(digest.systems, row.system),
    BASES[row.basis].toLowerCase(),
    row.shape,
    formatCount(row.machines),
    formatNumber(row.capacityPerSecond ?? row.requestsPerSecond),
    formatDollars(row.dollarsPerHour),
    formatDollars(row.dollarsPerMillion),
    formatCount(row.requestsPerDollar),
    formatTimes(row.efficiency),
    formatNumber(row.cpuSecondsPerMillion),
    formatNumber(row.gpuSecondsPerMillion),
    formatNumber(row.gpuKwhPerMillion),
  ]);
  const columns = labels.map((label, i) => ({
    label,
    align: i < 3 ? ("left" as const) : ("right" as const),
  }));
  return withoutEmptyColumns({ caption: "Cost of each system", columns, rows }, MISSING);
}

/** From which load and up to which price each system is the cheaper one; null without a mesh. */
function breakEvenTable({ result, systems }: Digest): Html | null {
  const rows = result.cost.filter((row) => row.breakEven !== null);
  if (rows.length === 0) return null;
  const table = {
    caption: "Break-even with the mesh's fleet",
    columns: [
      { label: "break-even with the mesh" },
      { label: "no dearer from, requests/s" },
      { label: "a machine may cost, $/h" },
      { label: "a GPU may cost, $/h" },
      { label: "paying only for the GPUs used" },
    ],
    rows: rows.map(({ system, breakEven, hostShare }) => [
      systemNamed(systems, system),
      loadText(breakEven!.requestsPerSecond),
      formatDollars(breakEven!.machineDollarsPerHour),
      gpuText(breakEven!.gpuDollarsPerHour),
      hostShare === null ? MISSING : `${formatTimes(hostShare.efficiency)} the mesh`,
    ]),
  };
  return renderTable(withoutEmptyColumns(table, MISSING));
}

function loadText(requestsPerSecond: number | null): string {
  if (requestsPerSecond === null) return "never";
  return requestsPerSecond === 0 ? "any load" : formatNumber(requestsPerSecond);
}

const gpuText = (price: number | null): string =>
  price !== null && price <= 0 ? "nothing" : formatDollars(price);

function toBar({ systems }: Digest, { system, dollarsPerMillion }: CostRow) {
  const color = systems.find(({ name }) => name === system)?.mark.color ?? "var(--rule)";
  return { label: system, value: dollarsPerMillion, color, text: formatDollars(dollarsPerMillion) };
}
