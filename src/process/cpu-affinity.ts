import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";
import { HarnessError } from "../errors.ts";

const run = promisify(execFile);

/** CPUs this process may run on, ascending; in a container they may be fewer than there are. Linux. */
export async function allowedCpus(): Promise<number[]> {
  const status = await readFile("/proc/self/status", "utf8");
  return parseCpuList(/^Cpus_allowed_list:\s*(.+)$/m.exec(status)![1]!);
}

/** "0-2,5" -> [0, 1, 2, 5] */
export function parseCpuList(text: string): number[] {
  return text.split(",").flatMap((part) => {
    const [first, last = first] = part.trim().split("-").map(Number);
    return Array.from({ length: last! - first! + 1 }, (_, i) => first! + i);
  });
}

/**
 * Moves every thread of a process, and those it will start, onto some CPUs. Child processes
 * inherit them unless they are started with their own.
 * @throws HarnessError INTERNAL if the system refuses.
 */
export function moveToCpus(pid: number, cpus: readonly number[]): Promise<void> {
  return taskset("-acp", pid, cpus);
}

/** The same for a process's main thread alone. */
export function moveMainThread(pid: number, cpus: readonly number[]): Promise<void> {
  return taskset("-cp", pid, cpus);
}

async function taskset(flags: string, pid: number, cpus: readonly number[]): Promise<void> {
  try {
    await run("taskset", [flags, cpus.join(","), String(pid)]);
  } catch (cause) {
    const text = `cannot move process ${pid} to CPUs ${cpus.join(", ")}`;
    throw new HarnessError("INTERNAL", text, { cause });
  }
}

/**
 * Keeps this process on some CPUs until it is disposed, then lets it use again what it could use
 * before. With null nothing is moved.
 */
export async function keepOnCpus(cpus: readonly number[] | null): Promise<AsyncDisposable> {
  if (cpus === null) return { [Symbol.asyncDispose]: () => Promise.resolve() };
  const before = await allowedCpus();
  await moveToCpus(process.pid, cpus);
  return { [Symbol.asyncDispose]: () => moveToCpus(process.pid, before) };
}
