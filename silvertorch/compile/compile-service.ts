import type { OnProgress } from "../../src/dataset/dataset.ts";
import { readDataset, readManifest, readUsersOf } from "../../src/dataset/folder.ts";
import { HarnessError } from "../../src/errors.ts";
import { type Device, requireDevice } from "../../src/onnx/device.ts";
import { runService } from "../../src/process/service-main.ts";
import type { ModelSpec } from "../../src/retrieval/model-spec.ts";
import { GpuDevice } from "../device/gpu-device.ts";
import { compileArtifact } from "./compile.ts";
import { compileGenerated, type GeneratedOptions } from "./compile-generated.ts";
import type { ArtifactSettings } from "./manifest.ts";

export interface CompilerConfig {
  readonly datasetFolder: string;
  readonly model: ModelSpec;
  readonly settings: ArtifactSettings;
  /** Where the artifact will be run; that it is there is checked first. */
  readonly runsOn:
    | { readonly kind: "onnx"; readonly device: Device }
    | { readonly kind: "gpu"; readonly allowSoftware: boolean };
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
  await requireThere(config.runsOn);
  const startMs = performance.now();
  const { manifest, hash } = await readManifest(config.datasetFolder);
  if (manifest.generated === undefined) await compileStored(config, onProgress);
  else await compileMade(config, { ...manifest, generated: manifest.generated, hash });
  return {
    ready: { seconds: (performance.now() - startMs) / 1000 },
    stop: () => Promise.resolve(),
  };
});

async function compileStored(config: CompilerConfig, onProgress: OnProgress): Promise<void> {
  const { datasetFolder, model, settings, runsOn, threads = 1, folder } = config;
  const device = runsOn.kind === "onnx" ? runsOn.device : "cpu";
  const dataset = await readDataset(datasetFolder, { verify: false, onProgress });
  await compileArtifact({ dataset, model, settings, device, threads, folder, onProgress });
}

async function compileMade(
  { datasetFolder, model, settings, runsOn, folder }: CompilerConfig,
  { name, hash, generated }: Pick<GeneratedOptions, "generated"> & GeneratedOptions["dataset"],
): Promise<void> {
  if (runsOn.kind === "onnx") {
    throw new HarnessError("BAD_INPUT", "only engine: fused makes generated items, on its device", {
      where: "engine",
    });
  }
  const users = await readUsersOf(datasetFolder);
  await compileGenerated({ dataset: { name, hash }, generated, users, model, settings, folder });
}

async function requireThere(place: CompilerConfig["runsOn"]): Promise<void> {
  if (place.kind === "onnx") return await requireDevice(place.device);
  const { allowSoftware } = place;
  await using device = await GpuDevice.open({ allowSoftware, timestamps: false });
  device.check();
}
