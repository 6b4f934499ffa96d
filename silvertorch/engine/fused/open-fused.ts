import type { GpuDevice } from "../../device/gpu-device.ts";
import type { Artifact } from "../../compile/artifact.ts";
import { FusedModel } from "./fused-model.ts";
import { loadIndex } from "./load-index.ts";
import { searchKernels } from "./search-kernels.ts";
import type { QueryStage, RankingStage } from "./stages.ts";

export interface Stages {
  readonly query: QueryStage;
  readonly ranking: RankingStage | null;
}

/** Puts an artifact on a device, which ends with the model. */
export async function openModel(
  device: GpuDevice,
  artifact: Artifact,
  openStages: (device: GpuDevice, artifact: Artifact) => Promise<Stages>,
): Promise<FusedModel> {
  const index = await loadIndex(device, artifact);
  const kernels = await searchKernels(device, index);
  return new FusedModel({ device, index, kernels, ...(await openStages(device, artifact)) });
}
