import { addCounters } from "../../src/door/traffic.ts";
import { Histogram } from "../../src/math/histogram.ts";
import type { SystemStats } from "../../src/door/stats.ts";
import type { ServiceStats } from "../services.ts";

/** What the processes of the mesh tell, put together: stages and counters of one name are added. */
export function mergeStats(
  parts: readonly Omit<ServiceStats, "process">[],
): Omit<ServiceStats, "process"> {
  const stages = new Map<string, string>();
  for (const [name, text] of parts.flatMap((part) => [...part.stages])) {
    const before = stages.get(name);
    stages.set(name, before === undefined ? text : sumOf(before, text));
  }
  return { stages, counters: addCounters(parts.map(({ counters }) => counters)) };
}

function sumOf(one: string, other: string): string {
  const sum = Histogram.decode(one);
  sum.add(Histogram.decode(other));
  return sum.encode();
}

/** What several gateways tell, of which the first tells of the services, too. */
export function sumStats(first: SystemStats, others: readonly SystemStats[]): SystemStats {
  const all = [first, ...others];
  return {
    processes: all.flatMap(({ processes }) => processes),
    devices: first.devices,
    batchSizes: others.reduce((sum, { batchSizes }) => sumOf(sum, batchSizes), first.batchSizes),
    ...mergeStats(all),
  };
}
