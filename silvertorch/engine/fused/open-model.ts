import type { GpuDevice } from "../../device/gpu-device.ts";
import type { Artifact } from "../../compile/artifact.ts";
import type { CachePrecision } from "../../kernels/ranking/item-record.ts";
import { FreshStage } from "../ranking/fresh-stage.ts";
import { openQueryStage } from "../ranking/query-stage.ts";
import { openRankingStage } from "../ranking/ranking-stage.ts";
import { FusedModel } from "./fused-model.ts";
import { loadIndex } from "./load-index.ts";
import { searchKernels } from "./search-kernels.ts";
import type { SearchTuning } from "./selections.ts";

export interface ModelOptions {
  /** What a kernel can bind of a buffer; absent: what the device says. */
  readonly bindingBytes?: number | undefined;
  /** How the embedding cache is kept; absent: in float32, as the artifact has it. */
  readonly cachePrecision?: CachePrecision;
  readonly tuning?: SearchTuning | undefined;
}

/**
 * Puts an artifact on a device, which ends with the model.
 * @throws HarnessError BAD_INPUT if it is not made for it, DATA if it is damaged, UNAVAILABLE if
 *   the device has too little memory.
 */
export async function openModel(
  device: GpuDevice,
  artifact: Artifact,
  { bindingBytes, cachePrecision = "float32", tuning }: ModelOptions = {},
): Promise<FusedModel> {
  const index = await loadIndex(device, artifact, bindingBytes);
  const kernels = await searchKernels(device, index, tuning);
  const query = await openQueryStage(device, artifact);
  const ranking = await openRankingStage(device, artifact, { precision: cachePrecision });
  const fresh = await FreshStage.open(device, index.shape);
  device.check();
  return new FusedModel({ device, index, kernels, query, ranking, fresh });
}
