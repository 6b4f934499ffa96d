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

/** What the host of a shape costs an hour without its GPUs; null where the sheet does not say. */
export function hostDollarsPerHour(sheet: PriceSheet, { gpus }: MachineShape): number | null {
  const host = sheet.shapes.find(({ name }) => name === gpus?.hostShape);
  return host?.dollarsPerHour ?? null;
}

/**
 * One GPU of a shape, dollars an hour: what the shape costs above its host, over the number of its
 * GPUs (SilverTorch, arXiv 2511.14881, section 6.1.2). Null without GPUs or without a host's price.
 */
export function gpuDollarsPerHour(sheet: PriceSheet, shape: MachineShape): number | null {
  const host = hostDollarsPerHour(sheet, shape);
  if (host === null || shape.gpus === null) return null;
  return (shape.dollarsPerHour - host) / shape.gpus.count;
}

/** The host whole and only so many of its GPUs, dollars an hour; null where it cannot be split. */
export function hostShareDollarsPerHour(
  sheet: PriceSheet,
  shape: MachineShape,
  gpus: number,
): number | null {
  const host = hostDollarsPerHour(sheet, shape);
  const gpu = gpuDollarsPerHour(sheet, shape);
  return host === null || gpu === null ? null : host + gpus * gpu;
}

/** The cheapest GPU of a sheet, dollars an hour; null where none has a price of its own. */
export function cheapestGpuDollarsPerHour(sheet: PriceSheet): number | null {
  const prices = sheet.shapes.flatMap((shape) => gpuDollarsPerHour(sheet, shape) ?? []);
  return prices.length === 0 ? null : Math.min(...prices);
}

function holds(shape: MachineShape, { cores, memoryBytes, gpus }: Needs): boolean {
  return (
    shape.vcpus >= cores &&
    shape.memoryGiB * 2 ** 30 >= memoryBytes &&
    (shape.gpus?.count ?? 0) >= gpus
  );
}
