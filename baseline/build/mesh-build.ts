import { existsSync } from "node:fs";
import { join } from "node:path";
import { atomicFolder, cacheKey } from "../../src/dataset/cache-folder.ts";
import type { Dataset } from "../../src/dataset/dataset.ts";
import type { MeshSettings } from "../../src/scenario/settings.ts";
import { writeFeatures } from "../feature/feature-store.ts";
import { writePostings } from "../filter/postings-file.ts";
import { HnswGraph } from "../index/hnsw.ts";
import { checkSizes, noteSizes } from "./part-sizes.ts";

/** Raised when what a build writes changes, so that older ones are not taken for it. */
const BUILD_VERSION = 2;

/** The graph in the index's folder. */
export const GRAPH_FILE = "graph.usearch";

/** Where each service finds what it serves from. */
export interface MeshFolders {
  readonly index: string;
  readonly features: string;
  readonly postings: string;
}

/** The folders of a dataset's products, named by a hash of all that they follow from. */
export function meshFolders(
  cacheFolder: string,
  datasetHash: string,
  { index }: MeshSettings,
): MeshFolders {
  const { kind, precision, connectivity, expansionAdd } = index;
  const folderOf = (part: string, settings: object): string => {
    const key = cacheKey({ BUILD_VERSION, part, datasetHash, settings });
    return join(cacheFolder, "mesh", `${part}-${key}`);
  };
  return {
    index: folderOf("index", { kind, precision, connectivity, expansionAdd }),
    features: folderOf("features", {}),
    postings: folderOf("postings", {}),
  };
}

/** Whether nothing is left to build. */
export const isBuilt = (folders: MeshFolders): boolean => Object.values(folders).every(existsSync);

/** Builds what is missing, each part whole or not at all. */
export async function buildMesh(
  { catalogue, users }: Dataset,
  { index }: MeshSettings,
  folders: MeshFolders,
  onProgress: (phase: string, fraction: number) => void,
): Promise<void> {
  const telling = (phase: string) => (fraction: number) => onProgress(phase, fraction);
  await buildPart(folders.features, (folder) =>
    writeFeatures(folder, users, telling("writing user features")),
  );
  await buildPart(folders.postings, (folder) =>
    writePostings(folder, catalogue, telling("building posting lists")),
  );
  await buildPart(
    folders.index,
    (folder) => {
      const path = join(folder, GRAPH_FILE);
      return HnswGraph.build(path, catalogue, index, telling("building the HNSW graph"));
    },
    // The graph's file holds the vectors, and its edges beside them.
    { bytes: catalogue.embeddings.byteLength },
  );
}

async function buildPart(
  folder: string,
  fill: (folder: string) => Promise<void>,
  room: { readonly bytes?: number } = {},
): Promise<void> {
  const whole = async (temporary: string): Promise<void> => {
    await fill(temporary);
    await noteSizes(temporary);
  };
  await atomicFolder(folder, whole, room);
}

/**
 * Bytes that all parts take on disk.
 * @throws HarnessError DATA naming a file that is not as it was built.
 */
export async function checkBuilt(folders: MeshFolders): Promise<number> {
  const bytes = await Promise.all(Object.values(folders).map(checkSizes));
  return bytes.reduce((sum, part) => sum + part, 0);
}
