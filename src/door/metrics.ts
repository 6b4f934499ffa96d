import {
  Counter,
  Gauge,
  Registry,
  Summary,
  type MetricObjectWithValues,
  type MetricValueWithName,
} from "prom-client";
import { Histogram } from "../math/histogram.ts";
import type { SystemStats } from "./stats.ts";

/** What GET /metrics answers: a system's stats in the Prometheus text format. */
export async function renderMetrics(
  stats: SystemStats,
): Promise<{ contentType: string; text: string }> {
  // A registry a scrape: the counts live in the stats, which know since when they count.
  const registry = new Registry();
  const registers = [registry];
  const labelNames = ["role", "pid"] as const;
  const cpu = new Counter({
    name: "silverbench_cpu_seconds_total",
    help: "CPU time, user and system, all threads",
    labelNames,
    registers,
  });
  const rss = new Gauge({
    name: "silverbench_resident_bytes",
    help: "Resident memory",
    labelNames,
    registers,
  });
  const switches = new Counter({
    name: "silverbench_context_switches_total",
    help: "Voluntary and involuntary context switches",
    labelNames,
    registers,
  });
  for (const { role, pid, cpuSeconds, rssBytes, contextSwitches } of stats.processes) {
    cpu.inc({ role, pid }, cpuSeconds);
    rss.set({ role, pid }, rssBytes);
    switches.inc({ role, pid }, contextSwitches);
  }
  addDevices(stats, registry);
  const events = new Gauge({
    name: "silverbench_counter",
    help: "Counters of the system, from its start",
    labelNames: ["name"],
    registers,
  });
  for (const [name, value] of stats.counters) events.set({ name }, value);
  const stages = new Map([...stats.stages].map(([name, text]) => [name, Histogram.decode(text)]));
  registry.registerMetric(
    new HdrSummary("silverbench_stage_seconds", "Time in a stage", stages, 1e-6),
  );
  if (stats.batchSizes !== "") {
    const sizes = new Map([["", Histogram.decode(stats.batchSizes)]]);
    registry.registerMetric(
      new HdrSummary("silverbench_batch_size", "Requests in a batch", sizes, 1),
    );
  }
  return { contentType: registry.contentType, text: await registry.metrics() };
}

function addDevices(stats: SystemStats, registry: Registry): void {
  const registers = [registry];
  const labelNames = ["device"];
  const memory = new Gauge({
    name: "silverbench_device_memory_bytes",
    help: "Memory used on a device",
    labelNames,
    registers,
  });
  const busy = new Counter({
    name: "silverbench_device_busy_seconds_total",
    help: "Time a device worked",
    labelNames,
    registers,
  });
  for (const { name, memoryBytes, busySeconds } of stats.devices) {
    memory.set({ device: name }, memoryBytes);
    busy.inc({ device: name }, busySeconds);
  }
}

const QUANTILES = [0.5, 0.9, 0.99, 0.999];

/** A Prometheus summary whose values come from HDR histograms recorded elsewhere. */
class HdrSummary extends Summary<"stage" | "quantile"> {
  readonly #name: string;
  readonly #series: ReadonlyMap<string, Histogram>;
  readonly #unit: number;

  /** @param unit What one unit of the histograms is in the metric's unit. */
  constructor(name: string, help: string, series: ReadonlyMap<string, Histogram>, unit: number) {
    super({ name, help, labelNames: ["stage"], registers: [] });
    this.#name = name;
    this.#series = series;
    this.#unit = unit;
  }

  override async get(): Promise<MetricObjectWithValues<MetricValueWithName<"stage" | "quantile">>> {
    const values: MetricValueWithName<"stage" | "quantile">[] = [];
    for (const [stage, histogram] of this.#series) {
      const labels = stage === "" ? {} : { stage };
      for (const quantile of QUANTILES) {
        const value = histogram.quantile(quantile) * this.#unit;
        values.push({ metricName: this.#name, labels: { ...labels, quantile }, value });
      }
      const sum = histogram.sum * this.#unit;
      values.push({ metricName: `${this.#name}_sum`, labels, value: sum });
      values.push({ metricName: `${this.#name}_count`, labels, value: histogram.count });
    }
    return { ...(await super.get()), values };
  }
}
