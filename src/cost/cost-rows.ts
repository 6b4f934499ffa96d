import { doubt } from "../result/doubts.ts";
import { withoutIdleGpu } from "../result/idle-gpu.ts";
import { firstOf, measuredSystems } from "../result/role.ts";
import type { CostRow, Doubt, Result } from "../result/schema.ts";
import type { Standing } from "../result/standing.ts";
import type { PriceSheet } from "../scenario/prices.ts";
import { breakEvenLoad, dollarsPerMillion, fleetDollarsPerHour, machinesFor } from "./fleet.ts";
import { hostDollarsPerHour, hostShareDollarsPerHour, smallestShape } from "./machines.ts";
import type { Needs } from "./machines.ts";
import { usedResources } from "./resources.ts";
import { capacityOf, sustainedBy } from "./sustained.ts";

export interface Costing {
  readonly rows: readonly CostRow[];
  readonly doubts: readonly Doubt[];
}

type Priced = Pick<Result, "systems" | "scenario" | "points" | "machine" | "tuning">;

/**
 * What each system costs at its headline, on two bases. `machines`: whole machines of the smallest
 * shape that holds one replica, as many as carry the sheet's plan. `resources`: the CPU and GPU
 * seconds its requests took, at the sheet's cheapest price for each; idle time costs nothing.
 * Only systems that qualify for the headline and kept the objective are priced.
 */
export function costRows(measured: Priced, sheet: PriceSheet): Costing {
  const result = withoutIdleGpu(measured);
  const doubts: Doubt[] = sheet.example ? [doubt("example-prices", `sheet ${sheet.name}`)] : [];
  const rows: CostRow[] = [];
  for (const system of measuredSystems(result)) {
    const sustained = sustainedBy(result, system);
    if ("lacking" in sustained) {
      if (sustained.lacking !== "") doubts.push(doubt("over-objective", sustained.lacking));
      continue;
    }
    const { standing } = sustained;
    const needs = needsOf(result, standing);
    // What machine a remote system has is not known.
    const isOurs = result.systems[system]?.kind !== "remote";
    const fleet = isOurs ? byMachines(standing, needs, sheet) : null;
    if (fleet === null && isOurs) {
      const text = `${needs.cores} cores and ${(needs.memoryBytes / 2 ** 30).toFixed(1)} GiB for ${system}`;
      doubts.push(doubt("no-fitting-shape", text));
    }
    rows.push(...[fleet, byResources(standing, sheet)].filter((row) => row !== null));
  }
  return { rows: againstMesh(rows, firstOf(result, "mesh"), sheet), doubts };
}

/** What one replica held while it was measured. */
export function needsOf(result: Priced, { system, valid }: Standing): Needs {
  const memory = valid.map(({ rssBytes }) => rssBytes ?? 0);
  const usesGpu = valid.some(({ gpu }) => gpu !== null);
  return {
    cores: result.systems[system]?.cpus?.length ?? result.machine.cores,
    memoryBytes: Math.max(0, ...memory),
    gpus: usesGpu ? 1 : 0,
  };
}

function byMachines(standing: Standing, needs: Needs, sheet: PriceSheet): CostRow | null {
  const shape = smallestShape(sheet, needs);
  if (shape === null) return null;
  const { plan } = sheet;
  const capacityPerSecond = capacityOf(standing);
  const machines = machinesFor({ capacityPerSecond }, plan);
  const split = hostShareDollarsPerHour(sheet, shape, needs.gpus);
  const isSplit = split !== null && needs.gpus < (shape.gpus?.count ?? 0);
  return {
    ...rowOf(standing, sheet, {
      requestsPerSecond: plan.requestsPerSecond,
      dollarsPerHour: machines * shape.dollarsPerHour,
    }),
    basis: "machines",
    shape: shape.name,
    machines,
    capacityPerSecond,
    plan,
    hostShare: isSplit
      ? {
          dollarsPerHour: machines * split,
          dollarsPerMillion: dollarsPerMillion(machines * split, plan.requestsPerSecond),
          efficiency: null,
        }
      : null,
  };
}

function byResources(standing: Standing, sheet: PriceSheet): CostRow | null {
  const used = usedResources(standing, sheet);
  if (used === null) return null;
  const requestsPerSecond = capacityOf(standing);
  return {
    ...rowOf(standing, sheet, {
      requestsPerSecond,
      dollarsPerHour: (used.dollarsPerMillion * requestsPerSecond * 3600) / 1e6,
    }),
    basis: "resources",
    shape: used.shape,
    cpuSecondsPerMillion: used.cpuSecondsPerMillion,
    gpuSecondsPerMillion: used.gpuSecondsPerMillion,
    gpuKwhPerMillion: used.gpuKwhPerMillion,
  };
}

function rowOf(
  { system, load }: Standing,
  { name, date, source }: PriceSheet,
  { requestsPerSecond, dollarsPerHour }: { requestsPerSecond: number; dollarsPerHour: number },
): Omit<CostRow, "basis" | "shape"> {
  const perMillion = dollarsPerMillion(dollarsPerHour, requestsPerSecond);
  return {
    system,
    load,
    sheet: `${name}, ${date}`,
    source,
    requestsPerSecond,
    dollarsPerHour,
    dollarsPerMillion: perMillion,
    requestsPerDollar: 1e6 / perMillion,
    machines: null,
    capacityPerSecond: null,
    plan: null,
    cpuSecondsPerMillion: null,
    gpuSecondsPerMillion: null,
    gpuKwhPerMillion: null,
    efficiency: null,
    hostShare: null,
    breakEven: null,
  };
}

/** Fills in what is over the mesh, on the same basis. */
function againstMesh(rows: readonly CostRow[], mesh: string | null, sheet: PriceSheet): CostRow[] {
  return rows.map((row) => {
    const held = rows.find(({ system, basis }) => system === mesh && basis === row.basis);
    if (held === undefined) return row;
    const { hostShare } = row;
    return {
      ...row,
      efficiency: row.requestsPerDollar / held.requestsPerDollar,
      hostShare: hostShare && {
        ...hostShare,
        efficiency: held.dollarsPerMillion / hostShare.dollarsPerMillion,
      },
      breakEven: row === held || row.basis === "resources" ? null : breakEven(row, held, sheet),
    };
  });
}

function breakEven(row: CostRow, held: CostRow, sheet: PriceSheet): CostRow["breakEven"] {
  const [own, other] = [row, held].map(({ capacityPerSecond, dollarsPerHour, machines }) => ({
    capacityPerSecond: capacityPerSecond!,
    dollarsPerHour: dollarsPerHour / machines!,
  }));
  const shape = sheet.shapes.find(({ name }) => name === row.shape)!;
  const host = hostDollarsPerHour(sheet, shape);
  const price = fleetDollarsPerHour(other!, sheet.plan) / row.machines!;
  return {
    requestsPerSecond: breakEvenLoad(own!, other!, sheet.plan),
    machineDollarsPerHour: price,
    gpuDollarsPerHour:
      host === null || shape.gpus === null ? null : (price - host) / shape.gpus.count,
  };
}
