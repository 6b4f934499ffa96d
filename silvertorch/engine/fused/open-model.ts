import type { GpuDevice } from "../../device/gpu-device.ts";
import type { Artifact } from "../../compile/artifact.ts";
import type { CachePrecision } from "../../kernels/ranking/item-record.ts";
import { FreshStage } from "../ranking/fresh-stage.ts";
import { generateRecords } from "../ranking/generate-records.ts";
import { openQueryStage } from "../ranking/query-stage.ts";
import { openRankingStage, type RankingOptions } from "../ranking/ranking-stage.ts";
import { FusedModel } from "./fused-model.ts";
import { generateIndex } from "./generate-index.ts";
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
  const generated = artifact.manifest.generated?.items;
  const index =
    generated === undefined
      ? await loadIndex(device, artifact, bindingBytes)
      : await generateIndex(device, artifact, generated, bindingBytes);
  const kernels = await searchKernels(device, index, tuning);
  const query = await openQueryStage(device, artifact);
  const ranking = await openRankingStage(device, artifact, {
    precision: cachePrecision,
    ...madeRecords(device, artifact),
  });
  // What ranks by more than the score takes them among its candidates.
  const fresh = artifact.manifest.scoreOnly
    ? await FreshStage.open(device, index.shape, kernels.selections)
    : null;
  device.check();
  return new FusedModel({ device, index, kernels, query, ranking, fresh });
}

/** The records of generated items are made on the device. */
function madeRecords(device: GpuDevice, artifact: Artifact): Pick<RankingOptions, "madeUp"> {
  const items = artifact.manifest.generated?.items;
  if (items === undefined) return {};
  return {
    madeUp: {
      items: items.items,
      records: (record, formula) => generateRecords(device, { artifact, items, formula, record }),
    },
  };
}
