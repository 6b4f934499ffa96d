import { statSync } from "node:fs";
import { resolve } from "node:path";
import type { Command } from "commander";
import { defaultCacheFolder } from "../../dataset/cache-folder.ts";
import { listDatasets } from "../../dataset/catalog.ts";
import { readDataset, readManifest, sealDataset } from "../../dataset/folder.ts";
import { getGlove } from "../../dataset/glove-source.ts";
import { resolveDataset } from "../../dataset/resolve.ts";
import { HarnessError } from "../../errors.ts";
import { loadScenario } from "../../scenario/load-scenario.ts";
import { didYouMean } from "../../nearest-word.ts";
import { datasetListText, datasetText } from "../dataset-text.ts";
import { scenarioPath, shortPath } from "../scenario-path.ts";
import type { OutputFlags, Session } from "../session.ts";
import { openProgress, withJson, withOutputFlags } from "../session.ts";
import { printJson } from "../terminal.ts";

/** Data sets that are fetched by name. */
const FETCHED = ["glove-100"];

/** `silverbench dataset list|get|build|info`: what there is to search in. */
export function addDataset(program: Command, session: Session): void {
  const group = program.command("dataset").description("list, fetch, build and look at data sets");
  withJson(group.command("list"))
    .description("data sets that can be had, and those in the cache")
    .action((flags: OutputFlags) => list(session, flags));
  withOutputFlags(group.command("get"))
    .description(`fetch a data set into the cache: ${FETCHED.join(", ")}`)
    .argument("<name>")
    .action((name: string, flags: OutputFlags) => get(session, name, flags));
  withOutputFlags(group.command("build"))
    .description("build the data set of a scenario, or check and seal a folder of your own")
    .argument("<target>", "scenario, or folder with a manifest.json (see the README)")
    .action((target: string, flags: OutputFlags) => build(session, target, flags));
  withOutputFlags(group.command("info"))
    .description("what is in a data set")
    .argument("<target>", "scenario, or folder of a data set")
    .option("--verify", "read every file and check it against its hash")
    .action((target: string, flags: InfoFlags) => info(session, target, flags));
}

interface InfoFlags extends OutputFlags {
  readonly verify?: boolean;
}

async function list({ terminal }: Session, flags: OutputFlags): Promise<void> {
  const datasets = await listDatasets(defaultCacheFolder());
  if (flags.json === true) return printJson(terminal, { cache: defaultCacheFolder(), datasets });
  terminal.out(datasetListText(datasets));
  terminal.out(`\nThe cache is ${defaultCacheFolder()} (SILVERBENCH_CACHE moves it).`);
}

async function get(session: Session, name: string, flags: OutputFlags): Promise<void> {
  if (!FETCHED.includes(name)) {
    const hint = didYouMean(name, FETCHED) || `; there is ${FETCHED.join(", ")}`;
    throw new HarnessError("BAD_INPUT", `no data set to fetch is named "${name}"${hint}`);
  }
  const { folder, fetched } = await withProgress(session, flags, getGlove);
  if (flags.json === true) return printJson(session.terminal, { name, folder, fetched });
  session.terminal.out(
    fetched ? `${name} is ready in ${folder}` : `${name} was there already: ${folder}`,
  );
}

async function build(session: Session, target: string, flags: OutputFlags): Promise<void> {
  if (isFolder(target)) {
    await withProgress(session, flags, ({ onProgress }) =>
      sealDataset(resolve(target), onProgress),
    );
  }
  const folder = await folderOf(session, target, flags);
  const { manifest, hash } = await readManifest(folder);
  if (flags.json === true) return printJson(session.terminal, { folder, hash, manifest });
  session.terminal.out(datasetText(manifest, hash, folder));
  if (!isFolder(target)) return;
  session.terminal.out(
    `\nUse it in a scenario: dataset: { kind: folder, path: ${shortPath(folder)} }`,
  );
}

async function info(session: Session, target: string, flags: InfoFlags): Promise<void> {
  const folder = await folderOf(session, target, flags);
  const { manifest, hash } = await readManifest(folder);
  if (flags.verify === true) await readDataset(folder, { verify: true, generated: "accept" });
  const verified = flags.verify === true;
  if (flags.json === true) return printJson(session.terminal, { folder, hash, verified, manifest });
  session.terminal.out(datasetText(manifest, hash, folder));
  if (verified)
    session.terminal.out("  verified  every file is as its hash says, and its contents are sound");
}

/** The folder a target means; a scenario's data set is built if it is not in the cache. */
async function folderOf(session: Session, target: string, flags: OutputFlags): Promise<string> {
  if (isFolder(target)) return resolve(target);
  const { scenario } = await loadScenario(scenarioPath(target));
  const location = await withProgress(session, flags, (options) =>
    resolveDataset(scenario.dataset, scenario.seeds.data, options),
  );
  return location.folder;
}

interface WorkOptions {
  readonly cacheFolder: string;
  readonly onProgress: (phase: string, fraction: number) => void;
  readonly signal: AbortSignal;
}

async function withProgress<T>(
  session: Session,
  flags: OutputFlags,
  work: (options: WorkOptions) => Promise<T>,
): Promise<T> {
  using progress = openProgress(session, flags);
  return await work({
    cacheFolder: defaultCacheFolder(),
    onProgress: (phase, fraction) => progress.show({ phase, fraction }),
    signal: session.signal,
  });
}

const isFolder = (target: string): boolean =>
  statSync(target, { throwIfNoEntry: false })?.isDirectory() === true;
