/** Beyond this many, the process that feeds the engine is the narrow place. */
const MOST_WORKERS = 8;

/**
 * Processes that a front door is spread over. `auto`: a quarter of the CPUs, for the engine needs
 * the others, at most 8; 1, so the door stays in the engine's process, below 8 CPUs.
 */
export function doorWorkerCount(setting: number | "auto", cpuCount: number): number {
  if (setting !== "auto") return setting;
  return Math.max(1, Math.min(MOST_WORKERS, Math.floor(cpuCount / 4)));
}
