import { availableParallelism } from "node:os";
import { join } from "node:path";
import { readDataset } from "../../src/dataset/folder.ts";
import { runService } from "../../src/process/service-main.ts";
import { GRAPH_FILE } from "../build/mesh-build.ts";
import { HnswGraph } from "../index/hnsw.ts";
import type { MeshConfig } from "../mesh-config.ts";

export interface UsearchConfig {
  readonly mesh: MeshConfig;
  readonly batch: number;
  readonly k: number;
}

/** To the process: walk for so many batches, one right after the other. */
export interface WalkOrder {
  readonly type: "walk";
  readonly batches: number;
}

/** From the process, once it has. */
export interface Walks {
  /** What the process has used since it started. */
  readonly cpuSeconds: number;
}

// The process that calls usearch directly, on as many threads as it may use CPUs: what the index
// service is held against. Nothing is asked of it over a wire but to begin.
runService<UsearchConfig, object>(async ({ mesh, batch, k }) => {
  const { users } = await readDataset(mesh.datasetFolder, { verify: false });
  const { dim, count, features } = users;
  const path = join(mesh.folders.index[0]!, GRAPH_FILE);
  const graph = HnswGraph.view(path, dim, mesh.settings.index);
  const threads = availableParallelism();
  let at = 0;
  process.on("message", ({ type, batches }: WalkOrder) => {
    if (type !== "walk") return;
    for (let n = 0; n < batches; n++) {
      at = (at + batch) % (count - batch);
      graph.walk(features.subarray(at * dim, (at + batch) * dim), k, threads);
    }
    const { user, system } = process.cpuUsage();
    process.send!({ cpuSeconds: (user + system) / 1e6 } satisfies Walks);
  });
  return { ready: {}, stop: () => Promise.resolve() };
});
