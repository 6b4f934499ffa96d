import { median } from "../math/quantile.ts";
import type { Point } from "../result/schema.ts";
import { medianOf } from "../result/standing.ts";
import type { Standing } from "../result/standing.ts";
import type { PriceSheet } from "../scenario/prices.ts";
import { cheapestCpu, cheapestGpuDollarsPerHour, dollarsPerVcpuHour } from "./machines.ts";

/** What a million requests took, and what that costs. */
export interface UsedResources {
  readonly cpuSecondsPerMillion: number;
  /** null where no GPU took part. */
  readonly gpuSecondsPerMillion: number | null;
  readonly gpuKwhPerMillion: number | null;
  /** The shape whose vCPU price is used. */
  readonly shape: string;
  readonly dollarsPerMillion: number;
}

/**
 * CPU and GPU seconds a million requests, medians over valid rounds, at the sheet's cheapest vCPU
 * and GPU: the same prices for every system. Null where a part was not measured or has no price,
 * for a sum without it would flatter.
 */
export function usedResources(standing: Standing, sheet: PriceSheet): UsedResources | null {
  const shape = cheapestCpu(sheet);
  // Milliseconds a request are thousands of seconds a million requests.
  const cpuMs = medianOf(standing, "cpu");
  if (shape === null || cpuMs === null) return null;
  const cpuSecondsPerMillion = cpuMs * 1000;
  const cpuDollars = (cpuSecondsPerMillion / 3600) * dollarsPerVcpuHour(shape);
  const used = { cpuSecondsPerMillion, shape: shape.name };
  if (standing.valid.every(({ gpu }) => gpu === null)) {
    const none = { gpuSecondsPerMillion: null, gpuKwhPerMillion: null };
    return { ...used, ...none, dollarsPerMillion: cpuDollars };
  }
  const gpuSeconds = medianPerMillion(standing, ({ gpu }) => gpu?.busySeconds ?? null);
  const price = cheapestGpuDollarsPerHour(sheet);
  if (gpuSeconds === null || price === null) return null;
  const joules = medianPerMillion(standing, ({ gpu, seconds }) =>
    gpu?.watts == null ? null : gpu.watts * seconds,
  );
  return {
    ...used,
    gpuSecondsPerMillion: gpuSeconds,
    gpuKwhPerMillion: joules === null ? null : joules / 3.6e6,
    dollarsPerMillion: cpuDollars + (gpuSeconds / 3600) * price,
  };
}

/** Median over valid rounds of what a point took, a million requests; null if one lacks it. */
function medianPerMillion(
  { valid }: Standing,
  taken: (point: Point) => number | null,
): number | null {
  const each = valid.map((point) => {
    const value = taken(point);
    return value === null || point.completed === 0 ? null : (value / point.completed) * 1e6;
  });
  const known = each.filter((value) => value !== null);
  return known.length < each.length || known.length === 0 ? null : median(known);
}
