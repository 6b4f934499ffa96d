import { existsSync } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { atomicFolder, cacheKey } from "../../src/dataset/cache-folder.ts";
import type { Dataset } from "../../src/dataset/dataset.ts";
import type { MeshSettings } from "../../src/scenario/settings.ts";
import { writeFeatures } from "../feature/feature-store.ts";
import { writePostings } from "../filter/postings-file.ts";
import { HnswGraph } from "../index/hnsw.ts";

/** Raised when what a build writes changes, so that older ones are not taken for it. */
const BUILD_VERSION = 1;

/** The graph in the index's folder. */
export const GRAPH_FILE = "graph.usearch";

/** Where each service finds what it serves from. */
export interface MeshFolders {
  readonly index: string;
  readonly features: string;
  readonly postings: string;
}

/** What the parts that were missing cost to build, and what all of them take on disk. */
export interface BuildCost {
  readonly seconds: number;
  readonly bytes: number;
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
  dataset: Dataset,
  settings: MeshSettings,
  folders: MeshFolders,
  onProgress: (phase: string, fraction: number) => void,
): Promise<void> {
  const { catalogue, users } = dataset;
  const telling = (phase: string) => (fraction: number) => onProgress(phase, fraction);
  await atomicFolder(folders.features, (folder) =>
    writeFeatures(folder, users, telling("writing user features")),
  );
  await atomicFolder(folders.postings, (folder) =>
    writePostings(folder, catalogue, telling("building posting lists")),
  );
  await atomicFolder(
    folders.index,
    (folder) =>
      HnswGraph.build(
        join(folder, GRAPH_FILE),
        catalogue,
        settings.index,
        telling("building the HNSW graph"),
      ),
    // The graph file holds the vectors, and its edges beside them.
    { bytes: catalogue.embeddings.byteLength },
  );
}

/** Bytes that all parts take on disk. */
export async function builtBytes(folders: MeshFolders): Promise<number> {
  let bytes = 0;
  for (const folder of Object.values(folders) as string[]) {
    for (const name of await readdir(folder)) bytes += (await stat(join(folder, name))).size;
  }
  return bytes;
}
