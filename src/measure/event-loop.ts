import {
  type EventLoopUtilization,
  type IntervalHistogram,
  monitorEventLoopDelay,
  performance,
  PerformanceObserver,
} from "node:perf_hooks";
import { threadCpuSeconds } from "./thread-cpu.ts";

/** How busy a thread was: whether it could have held a measurement up. */
export interface ThreadUsage {
  /** CPU time of the thread; null where the platform cannot tell. */
  readonly cpuSeconds: number | null;
  /** Share of one core that it used; 1 means that it could do no more. */
  readonly cpuShare: number;
  /** 99th percentile of how late its event loop came to a timer. */
  readonly lagP99Ms: number;
  /** Share of the time spent in garbage collection pauses. */
  readonly gcShare: number;
}

/** How often the lag is sampled. */
const RESOLUTION_MS = 5;

/** Watches the calling thread's event loop from its making until `stop`. */
export class EventLoopProbe {
  readonly #startMs = performance.now();
  readonly #startCpu = threadCpuSeconds();
  readonly #startUtilization: EventLoopUtilization = performance.eventLoopUtilization();
  readonly #delay: IntervalHistogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  readonly #observer: PerformanceObserver;
  #gcMs = 0;

  constructor() {
    this.#observer = new PerformanceObserver((list) => {
      for (const { duration } of list.getEntries()) this.#gcMs += duration;
    });
    this.#observer.observe({ entryTypes: ["gc"] });
    this.#delay.enable();
  }

  stop(): ThreadUsage {
    this.#delay.disable();
    for (const { duration } of this.#observer.takeRecords()) this.#gcMs += duration;
    this.#observer.disconnect();
    const seconds = (performance.now() - this.#startMs) / 1000;
    const cpu = threadCpuSeconds();
    const cpuSeconds = cpu === null || this.#startCpu === null ? null : cpu - this.#startCpu;
    const { utilization } = performance.eventLoopUtilization(this.#startUtilization);
    const delayMs = this.#delay.count === 0 ? RESOLUTION_MS : this.#delay.percentile(99) / 1e6;
    return {
      cpuSeconds,
      cpuShare: cpuSeconds === null ? utilization : cpuSeconds / seconds,
      // The histogram holds the distance of two ticks, which is never less than the resolution.
      lagP99Ms: Math.max(0, delayMs - RESOLUTION_MS),
      gcShare: this.#gcMs / 1000 / seconds,
    };
  }
}
