import { availableParallelism } from "node:os";
import { join } from "node:path";
import { GRAPH_FILE } from "../build/mesh-build.ts";
import { DatasetReader } from "../dataset-reader.ts";
import type { MeshConfig } from "../mesh-config.ts";
import { IndexSearcher } from "./index-searcher.ts";

/** The index service of a mesh, from what was built for it: a search thread a CPU it may use. */
export async function openIndex(config: MeshConfig): Promise<IndexSearcher> {
  const reader = await DatasetReader.open(config.datasetFolder);
  return await IndexSearcher.start({
    embeddings: await reader.embeddings(),
    dim: reader.manifest.dim,
    graphFile: join(config.folders.index, GRAPH_FILE),
    settings: config.settings.index,
    workers: availableParallelism(),
  });
}
