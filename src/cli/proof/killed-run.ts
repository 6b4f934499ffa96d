import { existsSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { processesLeft } from "../../process/process-tree.ts";
import { BUNDLE_FILES, readResult } from "../../result/bundle.ts";
import { readJournal } from "../../result/journal.ts";
import type { Point } from "../../result/schema.ts";
import { watchCommand } from "./watched-command.ts";

/** Children watch their parent, and have so long to notice that it is gone. */
const GONE_WITHIN_MS = 5_000;

export interface RunCommand {
  /** What follows `silverbench run`; --out and --resume are added. */
  readonly words: readonly string[];
  readonly out: string;
  readonly env?: Readonly<Record<string, string>>;
  /** For the processes of a run that was killed; absent: five seconds. */
  readonly goneWithinMs?: number;
}

export interface KilledRun {
  /** Points that its journal holds. */
  readonly points: readonly Point[];
  /** Processes that it started, and those of them that were still there when they had had their time. */
  readonly started: number;
  readonly left: readonly number[];
}

/** Starts or resumes a run and kills it with SIGKILL after a while, if it has not ended by itself. */
export async function killRunAfter(command: RunCommand, ms: number): Promise<KilledRun> {
  const { words, out, env, goneWithinMs = GONE_WITHIN_MS } = command;
  const watched = watchCommand(["run", ...words, "--out", out, "--resume", "--quiet"], env);
  await Promise.race([sleep(ms), watched.ended]);
  const started = watched.started();
  watched.child.kill("SIGKILL");
  await watched.ended;
  const left = await processesLeft(started, goneWithinMs);
  const journal = join(out, BUNDLE_FILES.journal);
  const points = existsSync(journal) ? await readJournal(journal) : [];
  return { points, started: started.length, left };
}

/** Resumes a run until it ends. @throws Error with its stderr if it does not end well. */
export async function finishRun(command: RunCommand): Promise<readonly Point[]> {
  const { words, out, env } = command;
  const watched = watchCommand(["run", ...words, "--out", out, "--resume", "--quiet"], env);
  const { code, stderr } = await watched.ended;
  // Gates and invalid points are the machine's matter, not that of having been killed.
  if (code === null || ![0, 3, 4, 5].includes(code))
    throw new Error(`exit code ${code}: ${stderr}`);
  const result = await readResult(join(out, BUNDLE_FILES.result));
  if (!result.complete) throw new Error(`not complete: ${result.incompleteReason}\n${stderr}`);
  const left = await processesLeft(watched.started(), GONE_WITHIN_MS);
  if (left.length > 0) throw new Error(`processes are left: ${left.join(", ")}`);
  return result.points;
}

/** Keys of points that were measured before a kill and are not the same after it. */
export function changedPoints(before: readonly Point[], after: readonly Point[]): string[] {
  const later = new Map(after.map((point) => [point.key, measuredOf(point)]));
  return before.flatMap((point) => (later.get(point.key) === measuredOf(point) ? [] : [point.key]));
}

/** All of a point but what is only known in the end: how its calibration stands to the others'. */
function measuredOf({ calibration, blocks, ...rest }: Point): string {
  const times = blocks.map(({ flagged: _flagged, ...block }) => block);
  return JSON.stringify({ ...rest, calibrationMs: calibration?.ms, blocks: times });
}
