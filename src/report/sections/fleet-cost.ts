import type { TopLevelSpec } from "vega-lite";
import { fleetDollarsPerHour } from "../../cost/fleet.ts";
import type { Plan, Replica } from "../../cost/fleet.ts";
import { CHART_BASE } from "../chart-style.ts";
import type { Digest, SystemDigest } from "../digest.ts";
import { renderFigure } from "../figure.ts";
import { formatCount, formatDollars, formatNumber } from "../format.ts";
import type { Html } from "../html.ts";
import { logTicks } from "../log-ticks.ts";
import { systemName } from "../system-name.ts";
import { bySystem } from "../system-scale.ts";

interface Fleet {
  readonly system: SystemDigest;
  readonly replica: Replica;
}

/** Points a curve has: enough that a step looks like one. */
const DRAWN = 96;
const TABLED = 9;

/** Dollars an hour of every system's fleet against the load; null where fleets are not known. */
export function fleetFigure({ result, systems }: Digest): Html | null {
  const fleets: Fleet[] = [];
  let plan: Plan | null = null;
  for (const row of result.cost) {
    const system = systems.find(({ name }) => name === row.system);
    if (row.plan === null || row.capacityPerSecond === null || system === undefined) continue;
    plan ??= row.plan;
    const dollarsPerHour = row.dollarsPerHour / row.machines!;
    fleets.push({ system, replica: { capacityPerSecond: row.capacityPerSecond, dollarsPerHour } });
  }
  if (plan === null || fleets.length < 2) return null;
  const stated = plan;
  const loads = loadsAround(fleets, stated, TABLED);
  return renderFigure({
    charts: [
      {
        id: "cost-fleets",
        spec: fleetSpec(fleets, stated),
        alt: `At ${formatCount(stated.requestsPerSecond)} requests a second: ${fleets.map(({ system, replica }) => `${system.name} ${formatDollars(fleetDollarsPerHour(replica, stated))} an hour`).join(", ")}.`,
      },
    ],
    says: "What a fleet costs as the load grows, in whole machines. The line marks the load that the prices above are for.",
    basis: `Same head-room and spares at every load; one replica a machine`,
    table: {
      caption: "Cost of a fleet by load, $ an hour",
      columns: [
        { label: "requests/s" },
        ...fleets.map(({ system }) => ({ label: systemName(system) })),
      ],
      rows: loads.map((requestsPerSecond) => [
        formatNumber(requestsPerSecond),
        ...fleets.map(({ replica }) =>
          formatDollars(fleetDollarsPerHour(replica, { ...stated, requestsPerSecond })),
        ),
      ]),
    },
  });
}

export function fleetSpec(fleets: readonly Fleet[], plan: Plan): TopLevelSpec {
  const loads = loadsAround(fleets, plan, DRAWN);
  const values = fleets.flatMap(({ system, replica }) =>
    loads.map((requestsPerSecond) => ({
      system: system.name,
      requestsPerSecond,
      dollars: fleetDollarsPerHour(replica, { ...plan, requestsPerSecond }),
    })),
  );
  const dollars = values.map((value) => value.dollars);
  const [lowest, highest] = [Math.min(...dollars) / 1.3, Math.max(...dollars) * 1.3];
  const [first, last] = [loads[0]!, loads.at(-1)!];
  const x = {
    type: "quantitative" as const,
    title: "requests a second (log)",
    scale: { type: "log" as const, domain: [first, last], nice: false as const },
    axis: { values: logTicks(first, last).filter(isDecade), format: ",~s", grid: true },
  };
  const y = {
    field: "dollars",
    type: "quantitative" as const,
    title: "$ an hour (log)",
    scale: { type: "log" as const, domain: [lowest, highest], nice: false as const },
    axis: { values: logTicks(lowest, highest).filter(isDecade), format: "~r" },
  };
  const { color, dash } = bySystem(
    fleets.map(({ system }) => system),
    "line",
  );
  return {
    ...CHART_BASE,
    height: 240,
    data: { values },
    layer: [
      {
        data: { values: [{ planned: plan.requestsPerSecond }] },
        mark: { type: "rule", color: "var(--ink)", strokeWidth: 1 },
        encoding: { x: { ...x, field: "planned" } },
      },
      {
        mark: { type: "line", interpolate: "step-before", strokeWidth: 2.25 },
        encoding: {
          x: { ...x, field: "requestsPerSecond" },
          y,
          color,
          strokeDash: dash,
          tooltip: [
            { field: "system", title: "system" },
            { field: "requestsPerSecond", title: "requests/s", format: ",.0f" },
            { field: "dollars", title: "$ an hour", format: ",.2f" },
          ],
        },
      },
    ],
  };
}

/** Loads from a fraction of the smallest machine to ten times the plan, even on a log axis. */
function loadsAround(fleets: readonly Fleet[], plan: Plan, count: number): number[] {
  const usable = fleets.map(({ replica }) => replica.capacityPerSecond * (1 - plan.headRoom));
  const from = Math.min(...usable, plan.requestsPerSecond) / 2;
  const to = Math.max(...usable, plan.requestsPerSecond) * 10;
  return Array.from({ length: count }, (_, i) => from * (to / from) ** (i / (count - 1)));
}

/** 1, 10, 100: over four decades and more, 2 and 5 would crowd. */
function isDecade(tick: number): boolean {
  return Math.abs(Math.log10(tick) - Math.round(Math.log10(tick))) < 1e-9;
}
