import { readDataset } from "../../src/dataset/folder.ts";
import { runService } from "../../src/process/service-main.ts";
import type { MeshConfig } from "../mesh-config.ts";
import { buildMesh } from "./mesh-build.ts";

export interface BuildReady {
  readonly seconds: number;
}

// A process of its own, that ends before the services start: building takes every CPU there is and
// leaves a heap behind that is not the mesh's to answer for.
runService<MeshConfig, BuildReady>(async (config, onProgress) => {
  const dataset = await readDataset(config.datasetFolder, { verify: false, onProgress });
  const startMs = performance.now();
  await buildMesh(dataset, config, onProgress);
  return {
    ready: { seconds: (performance.now() - startMs) / 1000 },
    stop: () => Promise.resolve(),
  };
});
