import { existsSync } from "node:fs";
import { join } from "node:path";
import { atomicFolder, cacheKey } from "../../src/dataset/cache-folder.ts";
import type { Dataset } from "../../src/dataset/dataset.ts";
import { parseFormula } from "../../src/retrieval/formula/parse.ts";
import { createModel } from "../../src/retrieval/model.ts";
import type { ModelSpec } from "../../src/retrieval/model-spec.ts";
import type { MeshSettings } from "../../src/scenario/settings.ts";
import { writeFeatures } from "../feature/feature-store.ts";
import { writeItems } from "../feature/item-store.ts";
import { writePostings } from "../filter/postings-file.ts";
import { graphFormOf, writeDeviceIndex } from "../index/device-index.ts";
import { HnswGraph } from "../index/hnsw.ts";
import { writeInvertedLists } from "../index/inverted-lists.ts";
import type { MeshConfig } from "../mesh-config.ts";
import { shardRange } from "../row-range.ts";
import { writeOverArch } from "../ranker/over-arch-files.ts";
import { writeTower } from "../tower/tower-graph.ts";
import { checkSizes, noteSizes } from "./part-sizes.ts";

/** Raised when what a build writes changes, so that older ones are not taken for it. */
const BUILD_VERSION = 4;

/** The graph in the index's folder. */
export const GRAPH_FILE = "graph.usearch";

/** Where each service finds what it serves from. */
export interface MeshFolders {
  /** One a shard; none: an index that scans everything is not built. */
  readonly index: readonly string[];
  readonly features: string;
  readonly postings: string;
  /** What the feature service has of the items; null: no ranker asks for it. */
  readonly items: string | null;
  /** The ranker's graphs; null where the model has no OverArch. */
  readonly overArch: string | null;
  /** The user tower's graph; null where features are the query vector. */
  readonly tower: string | null;
}

/** What the folders' contents follow from. */
export interface MeshBuildInputs {
  readonly datasetHash: string;
  readonly settings: MeshSettings;
  readonly model: ModelSpec;
}

/** The folders of a dataset's products, named by a hash of all that they follow from. */
export function meshFolders(
  cacheFolder: string,
  { datasetHash, settings, model }: MeshBuildInputs,
): MeshFolders {
  const { candidates: _candidates, value, ...weights } = model;
  const formula = parseFormula(value);
  const hasRanker =
    model.overarch !== "none" || formula.kind !== "name" || formula.name !== "score";
  const folderOf = (part: string, from: object): string => {
    const key = cacheKey({ BUILD_VERSION, part, datasetHash, from });
    return join(cacheFolder, "mesh", `${part}-${key}`);
  };
  return {
    index: indexParts(settings.index).map((from) => folderOf("index", from)),
    features: folderOf("features", {}),
    postings: folderOf("postings", {}),
    items: hasRanker ? folderOf("items", {}) : null,
    overArch: model.overarch === "none" ? null : folderOf("overarch", weights),
    tower: model.tower.kind === "identity" ? null : folderOf("tower", weights),
  };
}

/** Whether nothing is left to build. */
export const isBuilt = (folders: MeshFolders): boolean => present(folders).every(existsSync);

const present = ({ index, ...others }: MeshFolders): string[] =>
  [...index, ...Object.values(others)].filter((folder) => folder !== null);

/** Builds what is missing, each part whole or not at all. */
export async function buildMesh(
  { catalogue, users }: Dataset,
  { settings: { index }, model: spec, folders }: MeshConfig,
  onProgress: (phase: string, fraction: number) => void,
): Promise<void> {
  const telling = (phase: string) => (fraction: number) => onProgress(phase, fraction);
  await buildPart(folders.features, (folder) =>
    writeFeatures(folder, users, telling("writing user features")),
  );
  await buildPart(folders.postings, (folder) =>
    writePostings(folder, catalogue, telling("building posting lists")),
  );
  if (folders.items !== null) {
    await buildPart(folders.items, (folder) =>
      writeItems(folder, catalogue, telling("writing item features")),
    );
  }
  const { denseDim } = catalogue;
  const model = createModel(spec, { userDim: users.dim, dim: catalogue.dim, denseDim });
  if (folders.tower !== null) {
    await buildPart(folders.tower, (folder) => writeTower(folder, model));
  }
  if (folders.overArch !== null) {
    await buildPart(folders.overArch, (folder) =>
      writeOverArch(folder, model.overArch!, model.dim),
    );
  }
  const { count, dim, embeddings } = catalogue;
  for (const [shard, folder] of folders.index.entries()) {
    const { from, to } = shardRange(count, index.shards, shard);
    const own = { embeddings: embeddings.subarray(from * dim, to * dim), dim };
    await buildIndex(folder, own, index, telling);
  }
}

function buildIndex(
  folder: string,
  vectors: Pick<Dataset["catalogue"], "embeddings" | "dim">,
  settings: MeshSettings["index"],
  telling: (phase: string) => (fraction: number) => void,
): Promise<void> {
  const { device } = settings;
  if (device !== undefined) {
    const { byteLength: bytes } = vectors.embeddings;
    const write = (to: string): Promise<void> => writeDeviceIndex(to, { ...vectors, device });
    return buildPart(folder, write, { bytes });
  }
  if (settings.kind !== "hnsw") {
    return buildPart(folder, (temporary) =>
      writeInvertedLists(temporary, vectors, settings, telling("clustering the items")),
    );
  }
  return buildPart(
    folder,
    (temporary) => {
      const path = join(temporary, GRAPH_FILE);
      return HnswGraph.build(path, vectors, settings, telling("building the HNSW graph"));
    },
    // The graph's file holds the vectors, and its edges beside them.
    { bytes: vectors.embeddings.byteLength },
  );
}

/** The settings that each shard of an index is built by. */
function indexParts(index: MeshSettings["index"]): object[] {
  const { kind, device, precision, connectivity, expansionAdd, clusters, shards } = index;
  if (device !== undefined) return perShard({ kind: "flat-graph", ...graphFormOf(device) }, shards);
  if (kind === "flat") return [];
  // Both kinds of inverted lists are of the same clusters.
  const from =
    kind === "hnsw"
      ? { kind, precision, connectivity, expansionAdd }
      : { kind: "ivf-flat", clusters };
  return perShard(from, shards);
}

const perShard = (from: object, shards: number): object[] =>
  Array.from({ length: shards }, (_, shard) => ({ ...from, shard, shards }));

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
  const bytes = await Promise.all(present(folders).map(checkSizes));
  return bytes.reduce((sum, part) => sum + part, 0);
}
