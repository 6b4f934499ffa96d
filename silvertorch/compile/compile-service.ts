import { readDataset } from "../../src/dataset/folder.ts";
import { type Device, requireDevice } from "../../src/onnx/device.ts";
import { runService } from "../../src/process/service-main.ts";
import type { ModelSpec } from "../../src/retrieval/model-spec.ts";
import { compileArtifact } from "./compile.ts";
import type { ArtifactSettings } from "./manifest.ts";

export interface CompilerConfig {
  readonly datasetFolder: string;
  readonly model: ModelSpec;
  readonly settings: ArtifactSettings;
  /** Where the artifact will be run; that it is there is checked first. */
  readonly device: Device;
  /** Threads of what ONNX Runtime computes; absent: 1. */
  readonly threads?: number;
  /** Where the artifact goes. */
  readonly folder: string;
}

export interface CompilerReady {
  readonly seconds: number;
}

/** Compiles in a process of its own, so that the serving one never held the dataset in memory. */
runService<CompilerConfig, CompilerReady>(async (config, onProgress) => {
  await requireDevice(config.device);
  const startMs = performance.now();
  onProgress("reading the dataset", Number.NaN);
  const { datasetFolder, model, settings, device, threads = 1, folder } = config;
  const dataset = await readDataset(datasetFolder, { verify: false });
  await compileArtifact({ dataset, model, settings, device, threads, folder, onProgress });
  return {
    ready: { seconds: (performance.now() - startMs) / 1000 },
    stop: () => Promise.resolve(),
  };
});
