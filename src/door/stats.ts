/** Counts from the start of a system; a reader takes differences. Mirrors StatsResponse. */
export interface SystemStats {
  readonly processes: readonly ProcessStats[];
  readonly devices: readonly DeviceStats[];
  /** Name of a stage -> HdrHistogram (V2, base64) of its times in microseconds. */
  readonly stages: ReadonlyMap<string, string>;
  /** HdrHistogram (V2, base64) of requests in a batch; "" where nothing is batched. */
  readonly batchSizes: string;
  readonly counters: ReadonlyMap<string, number>;
}

export interface ProcessStats {
  readonly pid: number;
  readonly role: string;
  /** User + system time of all threads. */
  readonly cpuSeconds: number;
  readonly rssBytes: number;
  readonly contextSwitches: number;
}

export interface DeviceStats {
  readonly name: string;
  readonly memoryBytes: number;
  readonly busySeconds: number;
}
