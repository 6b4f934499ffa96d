import { Artifact } from "../../compile/artifact.ts";
import { GpuDevice } from "../../device/gpu-device.ts";
import type { FusedRunner } from "./fused-engine.ts";
import { copied } from "./answers.ts";
import { type FusedModel, LANES } from "./fused-model.ts";
import { type ModelOptions, openModel } from "./open-model.ts";

/** For tests: an artifact on a device, in this thread. */
export async function runnerOf(
  folder: string,
  options: ModelOptions = {},
): Promise<FusedRunner & { readonly model: FusedModel }> {
  const artifact = await Artifact.open(folder, { verify: false });
  const device = await GpuDevice.open({ allowSoftware: true, timestamps: false });
  const model = await openModel(device, artifact, options);
  const { clusters, width } = model;
  return {
    model,
    clusters,
    width,
    lanes: LANES,
    devices: [],
    run: (batch) => model.run(batch, copied),
    [Symbol.asyncDispose]: () => model[Symbol.asyncDispose](),
  };
}
