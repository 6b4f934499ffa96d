import { readFileSync } from "node:fs";

/** What a process has used since it started, as the kernel has it. */
export interface ProcessReading {
  readonly cpuSeconds: number;
  readonly rssBytes: number;
}

/** The kernel counts CPU time in hundredths of a second for everyone who reads it: proc(5). */
const TICKS_PER_SECOND = 100;

/** Reads a process from /proc, without asking it; null where it is not there, or there is no /proc. */
export function readProcess(pid: number): ProcessReading | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const status = readFileSync(`/proc/${pid}/status`, "utf8");
    return parseProcess(stat, status);
  } catch {
    return null;
  }
}

/** @param stat and `status`: the files of these names; null where they are of no living process. */
export function parseProcess(stat: string, status: string): ProcessReading | null {
  // The name in brackets may hold anything; the state behind it is field 3, CPU times are 14 and 15.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const [user, system] = [Number(fields[11]), Number(fields[12])];
  const kibibytes = Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]);
  const reading = { cpuSeconds: (user + system) / TICKS_PER_SECOND, rssBytes: kibibytes * 1024 };
  return Object.values(reading).every(Number.isFinite) ? reading : null;
}
