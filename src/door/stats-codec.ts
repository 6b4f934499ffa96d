import type { DeviceStats, ProcessStats, SystemStats } from "./stats.ts";

/** StatsResponse as the .proto loader reads and writes it. */
export interface WireStats {
  readonly processes: readonly ProcessStats[];
  readonly devices: readonly DeviceStats[];
  readonly stages: readonly { readonly name: string; readonly times: string }[];
  readonly batchSizes: string;
  readonly counters: Readonly<Record<string, number>>;
}

export function encodeStats(stats: SystemStats): WireStats {
  return {
    processes: stats.processes,
    devices: stats.devices,
    stages: [...stats.stages].map(([name, times]) => ({ name, times })),
    batchSizes: stats.batchSizes,
    counters: Object.fromEntries(stats.counters),
  };
}

export function decodeStats(message: WireStats): SystemStats {
  return {
    processes: message.processes,
    devices: message.devices,
    stages: new Map(message.stages.map(({ name, times }) => [name, times])),
    batchSizes: message.batchSizes,
    counters: new Map(Object.entries(message.counters)),
  };
}
