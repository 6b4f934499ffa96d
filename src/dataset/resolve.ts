import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import type { DatasetSpec } from "../scenario/schema.ts";
import type { DatasetLocation } from "../system.ts";
import { atomicFolder, cacheKey } from "./cache-folder.ts";
import type { DatasetParts, OnProgress } from "./dataset.ts";
import { datasetBytes, readManifest, writeDataset } from "./folder.ts";
import { GENERATED_VERSION, writeGenerated } from "./generated.ts";
import { buildGlove, GLOVE_VERSION } from "./glove.ts";
import { DATASET_SCHEMA } from "./manifest.ts";
import { generateSynthetic, SYNTHETIC_VERSION } from "./synthetic.ts";

export interface ResolveOptions {
  readonly cacheFolder: string;
  readonly onProgress: OnProgress;
  readonly signal: AbortSignal;
}

/**
 * The dataset a scenario asks for, on disk: found in the cache by the hash of what it follows
 * from, or built into it. It is not read here: `readDataset` with `verify` checks every file.
 *
 * @throws HarnessError DATA if it is not to be had; the hint says how to get it.
 */
export async function resolveDataset(
  spec: DatasetSpec,
  seed: number,
  options: ResolveOptions,
): Promise<DatasetLocation> {
  switch (spec.kind) {
    case "folder":
      return await locate(resolve(spec.path));
    case "glove-100":
      return await build("glove-100", { version: GLOVE_VERSION, spec, seed }, options, () =>
        buildGlove(spec, seed, options.cacheFolder),
      );
    case "generated": {
      const inputs = { version: GENERATED_VERSION, spec, seed };
      const folder = folderOf("generated", inputs, options);
      await atomicFolder(folder, (temporary) => writeGenerated(temporary, spec, seed));
      return await locate(folder);
    }
    case "synthetic": {
      const made = { version: SYNTHETIC_VERSION, spec, seed };
      return await build("synthetic", made, options, () => generateSynthetic(spec, seed, options));
    }
  }
}

async function build(
  kind: string,
  inputs: unknown,
  options: ResolveOptions,
  make: () => Promise<DatasetParts>,
): Promise<DatasetLocation> {
  const { onProgress, signal } = options;
  const folder = folderOf(kind, inputs, options);
  if (!existsSync(folder)) {
    const parts = await make();
    signal.throwIfAborted();
    const bytes = datasetBytes(parts);
    await atomicFolder(
      folder,
      async (temporary) => {
        await writeDataset(temporary, parts, onProgress);
        signal.throwIfAborted();
      },
      { bytes },
    );
  }
  return await locate(folder);
}

const folderOf = (kind: string, inputs: unknown, { cacheFolder }: ResolveOptions): string =>
  join(datasetsFolder(cacheFolder), `${kind}-${cacheKey({ schema: DATASET_SCHEMA, inputs })}`);

/** Where built datasets lie, a folder each. */
export const datasetsFolder = (cacheFolder: string): string => join(cacheFolder, "datasets");

async function locate(folder: string): Promise<DatasetLocation> {
  const { manifest, hash } = await readManifest(folder);
  return { name: manifest.name, folder, hash };
}
