import { doubt } from "../result/doubts.ts";
import { firstOf, measuredSystems } from "../result/role.ts";
import type { CostRow, Doubt, Result } from "../result/schema.ts";
import { medianOf, standingOf } from "../result/standing.ts";
import type { Standing } from "../result/standing.ts";
import type { MachineShape, PriceSheet } from "../scenario/prices.ts";
import { cheapestCpu, dollarsPerVcpuHour, smallestShape } from "./machines.ts";
import type { Needs } from "./machines.ts";

export interface Costing {
  readonly rows: readonly CostRow[];
  readonly doubts: readonly Doubt[];
}

type Priced = Pick<Result, "systems" | "scenario" | "points" | "machine">;

/**
 * What each system costs at its headline, on two bases. `machines`: a whole machine of the smallest
 * shape that holds one replica, busy at the replica's throughput. `resources`: the CPU seconds its
 * requests took, at the sheet's cheapest vCPU, the same for every system; free cores cost nothing.
 * Only systems with a valid point that qualify for the headline are priced.
 */
export function costRows(result: Priced, sheet: PriceSheet): Costing {
  const doubts: Doubt[] = sheet.example ? [doubt("example-prices", `sheet ${sheet.name}`)] : [];
  const priced: Price[] = [];
  for (const system of measuredSystems(result)) {
    const standing = standingOf(result, system);
    if (standing.shortcomings.length > 0) continue;
    const shape = smallestShape(sheet, needsOf(result, standing));
    if (shape === null) {
      const { cores, memoryBytes } = needsOf(result, standing);
      const needs = `${cores} cores and ${(memoryBytes / 2 ** 30).toFixed(1)} GiB for ${system}`;
      doubts.push(doubt("no-fitting-shape", needs));
    }
    priced.push(
      ...(shape === null ? [] : byMachines(standing, shape)),
      ...byResources(standing, sheet),
    );
  }
  const mesh = firstOf(result, "mesh");
  return { rows: priced.map((price) => toRow(price, sheet, priced, mesh)), doubts };
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

interface Price {
  readonly system: string;
  readonly load: string;
  readonly basis: CostRow["basis"];
  readonly shape: MachineShape;
  readonly dollarsPerHour: number;
  readonly requestsPerSecond: number;
}

function byMachines(standing: Standing, shape: MachineShape): Price[] {
  const { system, load } = standing;
  const requestsPerSecond = medianOf(standing, "throughput");
  if (requestsPerSecond === null || requestsPerSecond <= 0) return [];
  const { dollarsPerHour } = shape;
  return [{ system, load, basis: "machines", shape, dollarsPerHour, requestsPerSecond }];
}

function byResources(standing: Standing, sheet: PriceSheet): Price[] {
  const { system, load, valid } = standing;
  const shape = cheapestCpu(sheet);
  const requestsPerSecond = medianOf(standing, "throughput");
  const cpuMs = medianOf(standing, "cpu");
  // A GPU's time is not CPU time: without a price for it there is no honest row.
  if (shape === null || valid.some(({ gpu }) => gpu !== null)) return [];
  if (requestsPerSecond === null || cpuMs === null || requestsPerSecond <= 0) return [];
  const busyCores = (cpuMs / 1000) * requestsPerSecond;
  const dollarsPerHour = busyCores * dollarsPerVcpuHour(shape);
  return [{ system, load, basis: "resources", shape, dollarsPerHour, requestsPerSecond }];
}

function toRow(
  price: Price,
  sheet: PriceSheet,
  all: readonly Price[],
  mesh: string | null,
): CostRow {
  const own = requestsPerDollar(price);
  const held = all.find(({ system, basis }) => system === mesh && basis === price.basis);
  return {
    system: price.system,
    load: price.load,
    basis: price.basis,
    sheet: `${sheet.name}, ${sheet.date}`,
    source: sheet.source,
    shape: price.shape.name,
    requestsPerSecond: price.requestsPerSecond,
    dollarsPerHour: price.dollarsPerHour,
    dollarsPerMillion: 1e6 / own,
    requestsPerDollar: own,
    efficiency: held === undefined ? null : own / requestsPerDollar(held),
  };
}

function requestsPerDollar({ requestsPerSecond, dollarsPerHour }: Price): number {
  return (requestsPerSecond * 3600) / dollarsPerHour;
}
