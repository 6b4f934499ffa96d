import {
  type EventLoopUtilization,
  type IntervalHistogram,
  monitorEventLoopDelay,
  performance,
  PerformanceObserver,
} from "node:perf_hooks";
import { threadTimes } from "./thread-cpu.ts";

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
  /** Share of the time that it was ready to run and others had its CPU; null where unknown. */
  readonly waitShare: number | null;
}

/** How often the lag is sampled. */
const RESOLUTION_MS = 5;

/** Watches the calling thread's event loop from its making until `stop`. */
export class EventLoopProbe {
  readonly #startMs = performance.now();
  readonly #startTimes = threadTimes();
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
    const [from, to] = [this.#startTimes, threadTimes()];
    const isKnown = from !== null && to !== null;
    const cpuSeconds = isKnown ? to.cpuSeconds - from.cpuSeconds : null;
    const { utilization } = performance.eventLoopUtilization(this.#startUtilization);
    const delayMs = this.#delay.count === 0 ? RESOLUTION_MS : this.#delay.percentile(99) / 1e6;
    return {
      cpuSeconds,
      cpuShare: cpuSeconds === null ? utilization : cpuSeconds / seconds,
      // The histogram holds the distance of two ticks, which is never less than the resolution.
      lagP99Ms: Math.max(0, delayMs - RESOLUTION_MS),
      gcShare: this.#gcMs / 1000 / seconds,
      waitShare: isKnown ? (to.waitSeconds - from.waitSeconds) / seconds : null,
    };
  }
}
