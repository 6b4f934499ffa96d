import { setPriority } from "node:os";
import type { Dataset } from "../../src/dataset/dataset.ts";
import { foldedParts, keptRows } from "../../src/dataset/folded-catalogue.ts";
import {
  readManifest,
  readWithoutEmbeddings,
  writeWithoutEmbeddings,
} from "../../src/dataset/folder.ts";
import { HarnessError } from "../../src/errors.ts";
import { type FailureMessage, toFailureMessage } from "../../src/process/failure-message.ts";
import { runService } from "../../src/process/service-main.ts";
import type { Catalogue } from "../../src/retrieval/catalogue.ts";
import { Artifact } from "../compile/artifact.ts";
import { compileArtifact } from "../compile/compile.ts";
import { keptCatalogue } from "../compile/kept-catalogue.ts";
import { type KeptItems, KeptRows } from "../compile/kept-items.ts";
import { readChanges } from "./changes-file.ts";
import type { Changes } from "./live-items.ts";

export interface FoldConfig {
  /** The artifact that serves. */
  readonly servingFolder: string;
  /** What it was compiled from. */
  readonly datasetFolder: string;
  /** As `writeChanges` wrote it. */
  readonly changesFile: string;
  readonly threads: number;
  /** Where the dataset with the changes goes. */
  readonly foldedFolder: string;
  /** Where its artifact goes. */
  readonly artifactFolder: string;
}

export interface FoldMessage {
  readonly type: "fold";
  readonly config: FoldConfig;
}

export interface FoldResult {
  /** Of a CPU. */
  readonly cpuSeconds: number;
}

export type FoldReply =
  | { readonly type: "folded"; readonly result: FoldResult }
  | { readonly type: "notFolded"; readonly error: FailureMessage };

/**
 * The model beside it goes first and leaves it a quarter of a CPU that both want. At the lowest
 * priority it gets a hundredth of one, and fresh items pile up while it does not end.
 */
const LOWER_PRIORITY = 5;

/** What a fold may leave in memory until the next. */
const MOST_LEFT_BYTES = 128 * 1024 * 1024;

const quiet = (): void => {};

/**
 * Folds changes into a dataset and compiles it as the artifact that serves was. The embeddings are in
 * the artifacts, so they are read and written there alone.
 */
async function fold(config: FoldConfig): Promise<void> {
  const { servingFolder, datasetFolder, changesFile, threads, foldedFolder } = config;
  const artifact = await Artifact.open(servingFolder, { verify: false });
  const base = await readWithoutEmbeddings(datasetFolder);
  requireOf(artifact, base);
  const changes = await readChanges(changesFile);
  const { name, users } = base;
  const rows = keptRows(base.catalogue, changes);
  const kept = { artifact, rows };
  const parts = foldedParts(base.catalogue, changes, rows);
  const provenance = { foldedFrom: base.hash, changes: changes.version };
  // Of a sealed dataset, and items that were checked on their way in.
  await writeWithoutEmbeddings(foldedFolder, { name, catalogue: parts, users, provenance });
  const { hash } = await readManifest(foldedFolder);
  const catalogue = await withEmbeddings(parts, kept, changes);
  const dataset = { name, hash, folder: foldedFolder, catalogue, users };
  const { model, settings } = artifact.manifest;
  const folder = config.artifactFolder;
  await compileArtifact({ dataset, model, settings, threads, folder, kept, onProgress: quiet });
}

/** With those of the kept items, and behind them the fresh ones'. */
async function withEmbeddings(
  parts: Omit<Catalogue, "embeddings">,
  kept: KeptItems,
  { items }: Changes,
): Promise<Catalogue> {
  const { dim } = parts;
  const fresh = new Float32Array(items.length * dim);
  for (const [at, { embedding }] of items.entries()) fresh.set(embedding, at * dim);
  if (kept.artifact.manifest.clusters === null) return keptCatalogue(parts, kept, fresh);
  await using known = await KeptRows.open(kept);
  const embeddings = await known.embeddings(items.length);
  embeddings.set(fresh, known.count * dim);
  return { ...parts, embeddings };
}

/** @throws HarnessError DATA if the artifact is of another dataset: its rows would be other items'. */
function requireOf({ folder, manifest }: Artifact, { hash }: Pick<Dataset, "hash">): void {
  if (manifest.dataset.hash === hash) return;
  throw new HarnessError(
    "DATA",
    `the artifact is of dataset ${manifest.dataset.hash}, the items are of ${hash}`,
    { where: folder },
  );
}

const ownCpuSeconds = (): number => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
};

async function replyTo({ config }: FoldMessage): Promise<FoldReply> {
  const before = ownCpuSeconds();
  try {
    await fold(config);
    return { type: "folded", result: { cpuSeconds: ownCpuSeconds() - before } };
  } catch (thrown) {
    return { type: "notFolded", error: toFailureMessage(thrown) };
  }
}

async function answer(message: FoldMessage): Promise<void> {
  process.send!(await replyTo(message));
  // Nothing else asks for memory until the next fold, so nothing else would give it back. With what is
  // collected goes code, which the next fold makes anew: little is left lying.
  if (process.memoryUsage().arrayBuffers > MOST_LEFT_BYTES) globalThis.gc!();
}

/** One fold after the other, beside the model that serves. */
runService<object, object>(() => {
  setPriority(LOWER_PRIORITY);
  process.on("message", (message: FoldMessage) => {
    if (message.type === "fold") void answer(message);
  });
  return Promise.resolve({ ready: {}, stop: () => Promise.resolve() });
});
