import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { builtFile } from "../../process/built-file.ts";
import { descendants } from "../../process/process-tree.ts";

/** A silverbench command in a process of its own, and all that it starts. */
export interface WatchedCommand {
  readonly child: ChildProcess;
  readonly ended: Promise<{
    readonly code: number | null;
    readonly stdout: string;
    readonly stderr: string;
  }>;
  /** Every process that was ever seen below it. */
  readonly started: () => number[];
}

/** What starts and ends between two looks is not seen. */
const LOOK_MS = 100;

/** @param env on top of this process's own. */
export function watchCommand(
  words: readonly string[],
  env: Readonly<Record<string, string>> = {},
): WatchedCommand {
  const main = builtFile(import.meta.url, "../main.js");
  const child = spawn(process.execPath, [main, ...words], {
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  const seen = new Set<number>();
  const look = (): void => {
    for (const pid of descendants(child.pid!)) seen.add(pid);
  };
  const watch = setInterval(look, LOOK_MS);
  const ended = once(child, "close").then(([code]) => {
    clearInterval(watch);
    return { code: code as number | null, stdout, stderr };
  });
  return {
    child,
    ended,
    started: () => {
      look();
      return [...seen];
    },
  };
}
