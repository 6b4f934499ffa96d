import { existsSync, readdirSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

/** Processes below one, read from /proc; none where there is no /proc. */
export function descendants(root: number): number[] {
  const parents = new Map<number, number>();
  for (const name of existsSync("/proc/self") ? readdirSync("/proc") : []) {
    const stat = /^\d+$/.test(name) ? textOf(`/proc/${name}/stat`) : "";
    // proc(5): the name in brackets may hold anything; behind it come state and parent.
    const parent = Number(stat.slice(stat.lastIndexOf(")") + 4).split(" ")[0]);
    if (stat !== "") parents.set(Number(name), parent);
  }
  const isBelow = (pid: number): boolean => {
    const parent = parents.get(pid);
    return parent !== undefined && (parent === root || isBelow(parent));
  };
  return [...parents.keys()].filter(isBelow);
}

/** The role of a service, from the title it gives itself; the command line of any other process. */
export function roleOf(pid: number): string {
  return textOf(`/proc/${pid}/cmdline`).replaceAll("\0", " ").trim().replace("silverbench-", "");
}

const LOOK_MS = 50;

/** Those of some processes that have not ended after so long. */
export async function processesLeft(
  pids: readonly number[],
  withinMs: number,
): Promise<readonly number[]> {
  let left = pids.filter(isRunning);
  for (let waitedMs = 0; left.length > 0 && waitedMs < withinMs; waitedMs += LOOK_MS) {
    await sleep(LOOK_MS);
    left = left.filter(isRunning);
  }
  return left;
}

/** What has ended but was not waited for has no command line any more. */
const isRunning = (pid: number): boolean => textOf(`/proc/${pid}/cmdline`) !== "";

function textOf(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
