import { availableParallelism } from "node:os";
import { join } from "node:path";
import { GRAPH_FILE } from "../build/mesh-build.ts";
import { DatasetReader } from "../dataset-reader.ts";
import type { MeshConfig } from "../mesh-config.ts";
import { shardRange } from "../row-range.ts";
import { DeviceIndex } from "./device-index.ts";
import { readInvertedLists } from "./inverted-lists.ts";
import { IndexSearcher } from "./index-searcher.ts";

/**
 * A shard of a mesh's index service, from what was built for it: it searches on as many threads as
 * it may use CPUs.
 */
export async function openIndex(config: MeshConfig, shard: number): Promise<IndexSearcher> {
  const reader = await DatasetReader.open(config.datasetFolder);
  const { items, dim } = reader.manifest;
  const { kind, shards } = config.settings.index;
  const range = shardRange(items, shards, shard);
  const folder = config.folders.index[shard];
  const embeddings = await reader.embeddings();
  const shape = { items: range.to - range.from, dim };
  const { device } = config.settings.index;
  return await IndexSearcher.start({
    embeddings: embeddings.subarray(range.from * dim, range.to * dim),
    dim,
    graphFile: kind === "hnsw" ? join(folder!, GRAPH_FILE) : null,
    lists: kind.startsWith("ivf") ? await readInvertedLists(folder!, shape) : null,
    range: shards === 1 ? null : range,
    settings: config.settings.index,
    shard,
    shards,
    builtRows: items,
    threads: availableParallelism(),
    device: device === undefined ? null : await DeviceIndex.open(folder!, { ...shape, device }),
  });
}
