import { readFileSync } from "node:fs";

/** What the scheduler knows of a thread, since it started, in seconds. */
export interface ThreadTimes {
  /** On a CPU. */
  readonly cpuSeconds: number;
  /** Ready to run, but waiting for a CPU that others had. */
  readonly waitSeconds: number;
}

/**
 * The calling thread's times. Linux only; null elsewhere, where no thread can be told from its
 * process.
 */
export function threadTimes(): ThreadTimes | null {
  if (process.platform !== "linux") return null;
  // A synchronous read runs on the calling thread, so that this path is its own; the numbers are
  // nanoseconds on a CPU and waiting for one (Documentation/scheduler/sched-stats.rst).
  const [cpu, wait] = readFileSync("/proc/thread-self/schedstat", "utf8").split(" ");
  return { cpuSeconds: Number(cpu) / 1e9, waitSeconds: Number(wait) / 1e9 };
}
