import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join, relative, resolve } from "node:path";
import { shippedFolder } from "../scenario/shipped-folder.ts";

/** What `run` runs when nothing is named. */
export const DEFAULT_SCENARIO = "scenarios/quickstart.yaml";

/**
 * The file a scenario argument means: a path, or a bare name of one in ./scenarios or among those
 * that come with silverbench. What is nowhere is returned as it came, for the reader to refuse.
 */
export function scenarioPath(argument: string): string {
  const bare = argument.replace(/^scenarios\//, "").replace(/\.ya?ml$/, "");
  const candidates = [
    argument,
    ...(bare.includes("/") ? [] : scenarioFolders().map((folder) => join(folder, `${bare}.yaml`))),
  ];
  return candidates.find((path) => existsSync(path)) ?? argument;
}

/** Paths of all scenarios at hand, those of the working directory first. */
export async function scenarioPaths(): Promise<string[]> {
  const paths: string[] = [];
  for (const folder of scenarioFolders()) {
    const names = await readdir(folder).catch(() => []);
    paths.push(...names.filter((name) => /\.ya?ml$/.test(name)).map((name) => join(folder, name)));
  }
  return paths.toSorted();
}

/** A path as a person wants to read it: relative where that is shorter. */
export function shortPath(path: string): string {
  const fromHere = relative(process.cwd(), path);
  return fromHere !== "" && fromHere.length < path.length ? fromHere : path;
}

function scenarioFolders(): string[] {
  return [...new Set([resolve("scenarios"), shippedFolder()])];
}
