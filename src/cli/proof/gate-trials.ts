import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { builtFile } from "../../process/built-file.ts";
import { readResult } from "../../result/bundle.ts";
import type { Result } from "../../result/schema.ts";

/** What a run may take, from the command to its end. */
export const MOST_SECONDS = 300;
/** Left of that, for a machine that is slower by the hour. */
const SPARE_SHARE = 0.1;
/** Beside the bundle's own files: how long the command took. */
const TIME_FILE = "wall-seconds.txt";

/** A run of the quickstart. */
export interface Trial {
  /** Of its folder. */
  readonly name: string;
  readonly result: Result;
  readonly rounds: number;
  readonly seconds: number;
  /** Whether that is from the command to its end; else the report is not in it. */
  readonly isWall: boolean;
}

/** The whole runs in a folder, by name; none where it does not exist. */
export async function storedTrials(folder: string): Promise<Trial[]> {
  await mkdir(folder, { recursive: true });
  const names = (await readdir(folder)).toSorted();
  const found = names.filter(
    (name) => name !== "first" && existsSync(join(folder, name, "result.json")),
  );
  const trials = await Promise.all(found.map((name) => readTrial(folder, name)));
  // What was cut short is measured again: a run in two parts is none of five minutes.
  return trials.filter(({ result }) => result.complete);
}

/** Measures one. @throws Error if it broke. */
export async function runTrial(folder: string, name: string, rounds: number): Promise<Trial> {
  const seconds = runQuickstart(join(folder, name), ["--rounds", String(rounds)]);
  await writeFile(join(folder, name, TIME_FILE), `${seconds.toFixed(1)}\n`);
  return readTrial(folder, name);
}

/** How many rounds fit the time, by a run of the fewest. */
export async function affordableRounds(out: string, fewest: number): Promise<number> {
  const seconds = runQuickstart(out, ["--rounds", String(fewest), "--gate-budget", "1s"]);
  const { settling } = await readResult(join(out, "result.json"));
  const { rounds, seconds: measuring } = settling!.looks[0]!;
  const left = (1 - SPARE_SHARE) * MOST_SECONDS - (seconds - measuring);
  return Math.max(fewest, Math.floor((left * rounds) / measuring));
}

async function readTrial(folder: string, name: string): Promise<Trial> {
  const result = await readResult(join(folder, name, "result.json"));
  const wall = await readFile(join(folder, name, TIME_FILE), "utf8").catch(() => null);
  return {
    name,
    result,
    rounds: Math.max(...result.points.map(({ round }) => round)),
    seconds: wall === null ? result.seconds : Number(wall),
    isWall: wall !== null,
  };
}

function runQuickstart(out: string, words: readonly string[]): number {
  const main = builtFile(import.meta.url, "../main.js");
  const common = ["run", "quickstart", "--system", "mesh,model", "--out", out, "--quiet", "--json"];
  const began = performance.now();
  const { status } = spawnSync(process.execPath, [main, ...common, ...words], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  // A gate of the scenario itself does not matter here; a run that broke does.
  if (status === null || ![0, 3, 4, 5].includes(status)) {
    throw new Error(`the run ended with exit code ${status}`);
  }
  return (performance.now() - began) / 1000;
}
