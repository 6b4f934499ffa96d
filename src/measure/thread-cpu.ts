import { readFileSync } from "node:fs";

/**
 * CPU time of the calling thread since it started, in seconds. Linux only; null elsewhere, where
 * no thread can be told from its process.
 */
export function threadCpuSeconds(): number | null {
  if (process.platform !== "linux") return null;
  // A synchronous read runs on the calling thread, so that this path is its own; the first number
  // is nanoseconds on a CPU (Documentation/scheduler/sched-stats.rst).
  const [nanoseconds] = readFileSync("/proc/thread-self/schedstat", "utf8").split(" ");
  return Number(nanoseconds) / 1e9;
}
