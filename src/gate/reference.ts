import { mkdir, readdir, rm, stat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { HarnessError } from "../errors.ts";
import { writeFileAtomically } from "../result/atomic-file.ts";
import { readResult } from "../result/bundle.ts";
import { measuredSystems } from "../result/role.ts";
import type { Result } from "../result/schema.ts";
import { standingOf } from "../result/standing.ts";
import { checkComparable, type Comparable } from "./comparable.ts";

type Named = Pick<Result, "scenario" | "machine">;

/** Runs that a reference holds at most: from so many on, another one tells little more. */
export const MOST_RUNS = 10;

/** Where a result's reference is kept: one file a scenario and machine class, and those added to it. */
export function referenceName({ scenario, machine }: Named): string {
  return `${scenario.name}.${machine.class}.json`;
}

/**
 * The reference that a result is to be held against, before an hour is spent on what nothing may be.
 * @param path a result.json, or a folder of references, in which the result's own is looked up;
 *   absent: there is none.
 * @returns its runs, the newest last; empty where there is none.
 * @throws HarnessError DATA if it is not to be had, or not to be compared with.
 */
export async function fittingReference(
  path: string | undefined,
  result: Comparable,
): Promise<Result[]> {
  if (path === undefined) return [];
  const reference = await readReference(path, result);
  for (const run of reference) checkComparable(result, run);
  return reference;
}

/**
 * Reads the runs of a reference, the newest last.
 * @throws HarnessError DATA if there is none, or one cannot be read.
 */
export async function readReference(path: string, result: Named): Promise<Result[]> {
  const file = await referencePath(path, result);
  const runs = await runsAt(file);
  if (runs.length > 0) return runs.map((run) => run.result);
  const others = await referencesBeside(file, result);
  const known =
    others.length === 0
      ? ""
      : `; of this scenario there are ${others.join(", ")}, but numbers of another machine are none to go by`;
  throw new HarnessError("DATA", `there is no reference ${file}${known}`, {
    hint: "keep a result as the reference with `silverbench gate RESULT --update-reference`",
  });
}

/** The file that `path` means for a result; a folder may still lack it. */
export async function referencePath(path: string, result: Named): Promise<string> {
  const absolute = resolve(path);
  const isFolder = await stat(absolute).then(
    (found) => found.isDirectory(),
    () => false,
  );
  return isFolder ? join(absolute, referenceName(result)) : absolute;
}

/** Rounds a system must have at the headline before anything can be held against them. */
const FEWEST_ROUNDS = 2;

/**
 * Keeps a result as the reference, in place of all runs there were: without its samples and without
 * what no gate reads.
 * @throws HarnessError INVALID if it is cut short or a system lacks valid rounds; DATA if it cannot be written.
 */
export async function writeReference(path: string, result: Result): Promise<void> {
  checkWorth(result);
  const before = await filesAt(path);
  await writeRun(path, result);
  for (const file of before) if (file !== path) await rm(file);
}

/**
 * Adds a run to the reference, and lets the oldest go where there are too many: how far runs of one
 * and the same lie apart is known only by several.
 * @returns its file, and how many runs the reference has now.
 * @throws HarnessError as `writeReference`; DATA too if it is no run of the same question, or is in
 *   the reference already.
 */
export async function addToReference(
  path: string,
  result: Result,
): Promise<{ file: string; runs: number }> {
  checkWorth(result);
  const before = await runsAt(path);
  for (const run of before) {
    checkComparable(result, run.result);
    if (run.result.startedAt !== result.startedAt) continue;
    // Counted twice it would make runs look more alike than they are.
    throw new HarnessError("DATA", "this run is in the reference already", {
      where: run.file,
      hint: "measure another one: `silverbench run`",
    });
  }
  const stamp = result.startedAt.replaceAll(/[-:]|\.\d+/g, "");
  const file = before.length === 0 ? path : join(dirname(path), `${stemOf(path)}.${stamp}.json`);
  await writeRun(file, result);
  const spent = before.slice(0, Math.max(0, before.length + 1 - MOST_RUNS));
  for (const run of spent) await rm(run.file);
  return { file, runs: before.length + 1 - spent.length };
}

function checkWorth(result: Result): void {
  const reasons = result.complete ? [] : ["the run did not complete"];
  for (const system of measuredSystems(result)) {
    const { valid, load } = standingOf(result, system);
    if (valid.length >= FEWEST_ROUNDS) continue;
    reasons.push(
      `${system} has ${valid.length} valid rounds at ${load}, of ${FEWEST_ROUNDS} needed`,
    );
  }
  if (reasons.length === 0) return;
  throw new HarnessError("INVALID", `this is no reference: ${reasons.join("; ")}`, {
    hint: "run the scenario again with more rounds; an invalid result must not become the measure",
  });
}

async function writeRun(file: string, result: Result): Promise<void> {
  const points = result.points.map((point) => ({
    ...point,
    samples: "",
    stages: {},
    processes: [],
    counters: {},
  }));
  await mkdir(dirname(file), { recursive: true });
  await writeFileAtomically(file, `${JSON.stringify({ ...result, points }, null, 1)}\n`);
}

interface KeptRun {
  readonly file: string;
  readonly result: Result;
}

/** The runs of a reference, the oldest first; empty where there is none. */
async function runsAt(path: string): Promise<KeptRun[]> {
  const files = await filesAt(path);
  const runs = await Promise.all(
    files.map(async (file) => ({ file, result: await readResult(file) })),
  );
  return runs.toSorted((a, b) => a.result.startedAt.localeCompare(b.result.startedAt));
}

/** `quickstart.CLASS.json`, and `quickstart.CLASS.20261126T215312Z.json`, which was added to it. */
async function filesAt(path: string): Promise<string[]> {
  const stem = stemOf(path);
  const names = await readdir(dirname(path)).catch((): string[] => []);
  const isOfIt = (name: string): boolean =>
    name === basename(path) ||
    (name.startsWith(`${stem}.`) && /^\d{8}T\d{6}Z\.json$/.test(name.slice(stem.length + 1)));
  return names.filter(isOfIt).map((name) => join(dirname(path), name));
}

const stemOf = (path: string): string => basename(path).replace(/\.json$/, "");

/** References of the same scenario, on whatever machine. */
async function referencesBeside(file: string, { scenario }: Named): Promise<string[]> {
  const names = await readdir(dirname(file)).catch((): string[] => []);
  return names.filter((name) => name.startsWith(`${scenario.name}.`) && name.endsWith(".json"));
}
