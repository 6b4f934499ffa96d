import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";

/** CPU seconds of a process's threads since they started. */
export interface ThreadCpu {
  /** The one that JavaScript starts in. */
  readonly main: number;
  /** The others by thread id: workers, and what V8 and libuv have. */
  readonly others: ReadonlyMap<string, number>;
}

/**
 * Looks at the threads a process has now.
 * @returns null where the kernel does not tell: on anything but Linux, and in some containers.
 */
export async function threadCpu(pid: number): Promise<ThreadCpu | null> {
  if (process.platform !== "linux") return null;
  const folder = `/proc/${pid}/task`;
  if (!existsSync(`${folder}/${pid}/schedstat`)) return null;
  const others = new Map<string, number>();
  let main = 0;
  for (const thread of await readdir(folder)) {
    // Nanoseconds on a CPU, nanoseconds of waiting for one, times it was given one.
    const text = await readFile(`${folder}/${thread}/schedstat`, "utf8");
    const seconds = Number(text.split(" ")[0]) / 1e9;
    if (thread === String(pid)) main = seconds;
    else others.set(thread, seconds);
  }
  return { main, others };
}
