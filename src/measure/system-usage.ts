import type { DeviceStats, ProcessStats, SystemStats } from "../door/stats.ts";
import { Histogram } from "../math/histogram.ts";

/** What a system used between two readings of its stats. */
export interface SystemUsage {
  readonly cpuSeconds: number;
  /** Resident memory of all its processes at the second reading. */
  readonly rssBytes: number;
  readonly processes: readonly {
    readonly role: string;
    readonly pid: number;
    readonly cpuSeconds: number;
    readonly rssBytes: number;
    readonly contextSwitches: number;
  }[];
  readonly stages: Readonly<Record<string, StageUsage>>;
  /** Requests in a batch; null where nothing was batched. */
  readonly batch: { readonly mean: number; readonly p99: number } | null;
  /** All devices together; null where there is none. */
  readonly gpu: { readonly busySeconds: number; readonly memoryBytes: number } | null;
  readonly counters: ReadonlyMap<string, number>;
}

export interface StageUsage {
  readonly count: number;
  /** Milliseconds; null where nothing was recorded. */
  readonly p50: number | null;
  readonly p99: number | null;
  readonly totalSeconds: number;
}

/** The difference of two readings. A process that is new in the second counts from its start. */
export function usageBetween(before: SystemStats, after: SystemStats): SystemUsage {
  const processes = after.processes.map((process) => {
    const earlier = sameAs(process, before.processes);
    return {
      role: process.role,
      pid: process.pid,
      cpuSeconds: process.cpuSeconds - (earlier?.cpuSeconds ?? 0),
      rssBytes: process.rssBytes,
      contextSwitches: process.contextSwitches - (earlier?.contextSwitches ?? 0),
    };
  });
  const stages = [...after.stages].map(([name, text]) => {
    const since = difference(text, before.stages.get(name));
    return [name, stageUsage(since)] as const;
  });
  return {
    cpuSeconds: sum(processes.map(({ cpuSeconds }) => cpuSeconds)),
    rssBytes: sum(processes.map(({ rssBytes }) => rssBytes)),
    processes,
    stages: Object.fromEntries(stages),
    batch: batchUsage(before.batchSizes, after.batchSizes),
    gpu: deviceUsage(before.devices, after.devices),
    counters: new Map(
      [...after.counters].map(([name, n]) => [name, n - (before.counters.get(name) ?? 0)]),
    ),
  };
}

/**
 * What a system used over several stretches with pauses between them, in which it may have idled:
 * CPU and counts of the stretches alone, times of stages and batches over all.
 * @param stretches the usage of each.
 * @param whole from the first reading to the last.
 */
export function usageOver(stretches: readonly SystemUsage[], whole: SystemUsage): SystemUsage {
  const processes = whole.processes.map((process) => {
    const own = stretches.flatMap((stretch) =>
      stretch.processes.filter(({ pid, role }) => pid === process.pid && role === process.role),
    );
    return {
      ...process,
      cpuSeconds: sum(own.map(({ cpuSeconds }) => cpuSeconds)),
      contextSwitches: sum(own.map(({ contextSwitches }) => contextSwitches)),
    };
  });
  return { ...whole, processes, cpuSeconds: sum(stretches.map(({ cpuSeconds }) => cpuSeconds)) };
}

const sameAs = (
  { pid, role }: ProcessStats,
  others: readonly ProcessStats[],
): ProcessStats | undefined => others.find((other) => other.pid === pid && other.role === role);

function stageUsage(times: Histogram): StageUsage {
  const isEmpty = times.count === 0;
  return {
    count: times.count,
    p50: isEmpty ? null : times.quantile(0.5) / 1000,
    p99: isEmpty ? null : times.quantile(0.99) / 1000,
    totalSeconds: times.sum / 1e6,
  };
}

function batchUsage(before: string, after: string): SystemUsage["batch"] {
  if (after === "") return null;
  const sizes = difference(after, before);
  return sizes.count === 0 ? null : { mean: sizes.mean, p99: sizes.quantile(0.99) };
}

function deviceUsage(
  before: readonly DeviceStats[],
  after: readonly DeviceStats[],
): SystemUsage["gpu"] {
  if (after.length === 0) return null;
  const busyBefore = sum(before.map(({ busySeconds }) => busySeconds));
  return {
    busySeconds: sum(after.map(({ busySeconds }) => busySeconds)) - busyBefore,
    memoryBytes: sum(after.map(({ memoryBytes }) => memoryBytes)),
  };
}

/** What a histogram recorded since an earlier state of it; "" or absent: it was empty then. */
function difference(after: string, before: string | undefined): Histogram {
  const histogram = Histogram.decode(after);
  if (before !== undefined && before !== "") histogram.subtract(Histogram.decode(before));
  return histogram;
}

const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
