import { availableParallelism } from "node:os";
import { join } from "node:path";
import { GRAPH_FILE } from "../build/mesh-build.ts";
import { DatasetReader } from "../dataset-reader.ts";
import type { MeshConfig } from "../mesh-config.ts";
import { readInvertedLists } from "./inverted-lists.ts";
import { IndexSearcher } from "./index-searcher.ts";

/** The index service of a mesh, from what was built for it: a search thread a CPU it may use. */
export async function openIndex(config: MeshConfig): Promise<IndexSearcher> {
  const reader = await DatasetReader.open(config.datasetFolder);
  const { items, dim } = reader.manifest;
  const { settings, folders } = config;
  const { kind } = settings.index;
  return await IndexSearcher.start({
    embeddings: await reader.embeddings(),
    dim,
    graphFile: kind === "hnsw" ? join(folders.index!, GRAPH_FILE) : null,
    lists: kind === "ivf-flat" ? await readInvertedLists(folders.index!, { items, dim }) : null,
    settings: settings.index,
    workers: availableParallelism(),
  });
}
