import type { MachineShape, PriceSheet } from "../scenario/prices.ts";

/** What one replica of a system needs of a machine. */
export interface Needs {
  readonly cores: number;
  readonly memoryBytes: number;
  readonly gpus: number;
}

/** The cheapest shape that holds one replica; null where none on the sheet does. */
export function smallestShape(sheet: PriceSheet, needs: Needs): MachineShape | null {
  const holding = sheet.shapes.filter((shape) => holds(shape, needs));
  return holding.toSorted((a, b) => a.dollarsPerHour - b.dollarsPerHour)[0] ?? null;
}

/** The shape whose vCPU is cheapest, of those without a GPU; null where each has one. */
export function cheapestCpu(sheet: PriceSheet): MachineShape | null {
  const plain = sheet.shapes.filter(({ gpus }) => gpus === null);
  return plain.toSorted((a, b) => dollarsPerVcpuHour(a) - dollarsPerVcpuHour(b))[0] ?? null;
}

export function dollarsPerVcpuHour({ dollarsPerHour, vcpus }: MachineShape): number {
  return dollarsPerHour / vcpus;
}

function holds(shape: MachineShape, { cores, memoryBytes, gpus }: Needs): boolean {
  return (
    shape.vcpus >= cores &&
    shape.memoryGiB * 2 ** 30 >= memoryBytes &&
    (shape.gpus?.count ?? 0) >= gpus
  );
}
