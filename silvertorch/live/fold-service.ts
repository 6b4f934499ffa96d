import { setPriority } from "node:os";
import { readDataset, readManifest, writeDataset } from "../../src/dataset/folder.ts";
import { runService } from "../../src/process/service-main.ts";
import type { ModelSpec } from "../../src/retrieval/model-spec.ts";
import { compileArtifact } from "../compile/compile.ts";
import type { ArtifactSettings } from "../compile/manifest.ts";
import { foldedCatalogue } from "../../src/dataset/folded-catalogue.ts";
import { readChanges } from "./changes-file.ts";

export interface FoldConfig {
  /** What the artifact that serves was compiled from. */
  readonly datasetFolder: string;
  /** As `writeChanges` wrote it. */
  readonly changesFile: string;
  readonly model: ModelSpec;
  readonly settings: ArtifactSettings;
  readonly threads: number;
  /** Where the dataset with the changes goes. */
  readonly foldedFolder: string;
  /** Where its artifact goes. */
  readonly artifactFolder: string;
}

export interface FoldReady {
  /** Of a CPU, since the process was started. */
  readonly cpuSeconds: number;
}

/**
 * The model beside it goes first and leaves it a quarter of a CPU that both want. At the lowest
 * priority it gets a hundredth of one, and fresh items pile up while it does not end.
 */
const LOWER_PRIORITY = 5;

/** Folds changes into a dataset and compiles it, beside the model that serves. */
runService<FoldConfig, FoldReady>(async (config, onProgress) => {
  setPriority(LOWER_PRIORITY);
  const { datasetFolder, changesFile, model, settings, threads, foldedFolder } = config;
  const base = await readDataset(datasetFolder, { verify: false, onProgress });
  const changes = await readChanges(changesFile);
  const { name, users } = base;
  const catalogue = foldedCatalogue(base.catalogue, changes);
  const provenance = { foldedFrom: base.hash, changes: changes.version };
  await writeDataset(foldedFolder, { name, catalogue, users, provenance }, onProgress);
  const { hash } = await readManifest(foldedFolder);
  const dataset = { name, hash, folder: foldedFolder, catalogue, users };
  const folder = config.artifactFolder;
  await compileArtifact({ dataset, model, settings, threads, folder, onProgress });
  const { user, system } = process.cpuUsage();
  return { ready: { cpuSeconds: (user + system) / 1e6 }, stop: () => Promise.resolve() };
});
