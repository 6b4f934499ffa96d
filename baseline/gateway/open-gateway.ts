import { availableParallelism } from "node:os";
import { doorWorkerCount } from "../../src/door/door-worker-count.ts";
import { type Door, openDoor } from "../../src/door/server.ts";
import { endService } from "../../src/process/service-main.ts";
import { IdMap } from "../../src/retrieval/id-map.ts";
import { createModel } from "../../src/retrieval/model.ts";
import { DatasetReader } from "../dataset-reader.ts";
import type { GatewayConfig } from "../mesh-config.ts";
import { MeshRetriever, type MeshRetrieverOptions } from "./mesh-retriever.ts";

/** Opens the front door of a mesh whose services are at hand, near or far. */
export async function openGateway(
  config: GatewayConfig,
  services: MeshRetrieverOptions["services"],
  { role, indexLanes }: Pick<MeshRetrieverOptions, "role" | "indexLanes">,
): Promise<Door> {
  const reader = await DatasetReader.open(config.datasetFolder);
  const { items, dim, userDim, denseDim } = reader.manifest;
  const { settings, ports } = config;
  const model = createModel(config.model, { userDim, dim, denseDim });
  const ids = new IdMap(await reader.itemIds());
  const retriever = new MeshRetriever({ services, model, ids, settings, indexLanes, role });
  const queryDim = model.heads * dim;
  const limits = { items, userDim, queryDim, maxInFlight: settings.maxInFlight };
  const workers = doorWorkerCount(settings.doorWorkers, availableParallelism());
  return await openDoor({ retriever, limits, ports, workers, onDied: endService });
}
