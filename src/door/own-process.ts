import type { ProcessStats } from "./stats.ts";

/** What this process has used since it started; its part in the Stats call. */
export function ownProcessStats(role: string): ProcessStats {
  const usage = process.resourceUsage();
  return {
    pid: process.pid,
    role,
    cpuSeconds: (usage.userCPUTime + usage.systemCPUTime) / 1e6,
    rssBytes: process.memoryUsage.rss(),
    contextSwitches: usage.voluntaryContextSwitches + usage.involuntaryContextSwitches,
  };
}
