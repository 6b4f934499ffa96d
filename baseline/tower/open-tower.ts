import { availableParallelism } from "node:os";
import { HarnessError } from "../../src/errors.ts";
import { endService } from "../../src/process/service-main.ts";
import { DatasetReader } from "../dataset-reader.ts";
import type { MeshConfig } from "../mesh-config.ts";
import { UserTower } from "./user-tower.ts";

/**
 * The user tower of a mesh, from what was built for it.
 * @throws HarnessError INTERNAL where a model has none.
 */
export async function openTower({ datasetFolder, folders }: MeshConfig): Promise<UserTower> {
  if (folders.tower === null) throw new HarnessError("INTERNAL", "no tower was built");
  const { manifest } = await DatasetReader.open(datasetFolder);
  return await UserTower.open({
    folder: folders.tower,
    userDim: manifest.userDim,
    threads: availableParallelism(),
    onDied: endService,
  });
}
