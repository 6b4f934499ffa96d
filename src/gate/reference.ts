import { existsSync } from "node:fs";
import { mkdir, readdir, stat } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { HarnessError } from "../errors.ts";
import { writeFileAtomically } from "../result/atomic-file.ts";
import { readResult } from "../result/bundle.ts";
import { measuredSystems } from "../result/role.ts";
import type { Result } from "../result/schema.ts";
import { standingOf } from "../result/standing.ts";

type Named = Pick<Result, "scenario" | "machine">;

/** Where a result's reference is kept: one file a scenario and machine class. */
export function referenceName({ scenario, machine }: Named): string {
  return `${scenario.name}.${machine.class}.json`;
}

/**
 * Reads the reference of a result.
 * @param path a result.json, or a folder of references, in which the result's own is looked up.
 * @throws HarnessError DATA if there is none, or it cannot be read.
 */
export async function readReference(path: string, result: Named): Promise<Result> {
  const file = await referencePath(path, result);
  if (existsSync(file)) return readResult(file);
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
 * Keeps a result as the reference: without its samples and without what no gate reads.
 * @throws HarnessError INVALID if it is cut short or a system lacks valid rounds; DATA if it cannot be written.
 */
export async function writeReference(path: string, result: Result): Promise<void> {
  const reasons = result.complete ? [] : ["the run did not complete"];
  for (const system of measuredSystems(result)) {
    const { valid, load } = standingOf(result, system);
    if (valid.length >= FEWEST_ROUNDS) continue;
    reasons.push(
      `${system} has ${valid.length} valid rounds at ${load}, of ${FEWEST_ROUNDS} needed`,
    );
  }
  if (reasons.length > 0) {
    throw new HarnessError("INVALID", `this is no reference: ${reasons.join("; ")}`, {
      hint: "run the scenario again with more rounds; an invalid result must not become the measure",
    });
  }
  const points = result.points.map((point) => ({
    ...point,
    samples: "",
    stages: {},
    processes: [],
    counters: {},
  }));
  await mkdir(dirname(path), { recursive: true });
  await writeFileAtomically(path, `${JSON.stringify({ ...result, points }, null, 1)}\n`);
}

/** References of the same scenario, on whatever machine. */
async function referencesBeside(file: string, { scenario }: Named): Promise<string[]> {
  const names = await readdir(dirname(file)).catch((): string[] => []);
  return names.filter((name) => name.startsWith(`${scenario.name}.`) && name.endsWith(".json"));
}
