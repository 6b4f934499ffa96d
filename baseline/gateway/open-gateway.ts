import { availableParallelism } from "node:os";
import { doorWorkerCount } from "../../src/door/door-worker-count.ts";
import { type Door, openDoor } from "../../src/door/server.ts";
import { endService } from "../../src/process/service-main.ts";
import { IdMap } from "../../src/retrieval/id-map.ts";
import { createModel } from "../../src/retrieval/model.ts";
import { DatasetReader } from "../dataset-reader.ts";
import type { GatewayConfig } from "../mesh-config.ts";
import type { Closing } from "../parts/closing.ts";
import type { MeshServices } from "../services.ts";
import { openTower } from "../tower/open-tower.ts";
import { MeshRetriever, type MeshRetrieverOptions } from "./mesh-retriever.ts";

/**
 * Opens the front door of a mesh whose services are at hand, near or far.
 * @param closing Gets what is opened here.
 */
export async function openGateway(
  config: GatewayConfig,
  reached: MeshServices,
  { role, indexLanes }: Pick<MeshRetrieverOptions, "role" | "indexLanes">,
  closing: Closing,
): Promise<Door> {
  const isEmbedded = reached.tower === null && config.folders.tower !== null;
  const tower = isEmbedded ? closing.add(await openTower(config)) : reached.tower;
  const services = { ...reached, tower };
  const reader = await DatasetReader.open(config.datasetFolder);
  const { items, dim, userDim, denseDim } = reader.manifest;
  const { settings, ports } = config;
  const model = createModel(config.model, { userDim, dim, denseDim });
  const ids = new IdMap(await reader.itemIds());
  const retriever = new MeshRetriever({ services, model, ids, settings, indexLanes, role });
  const queryDim = model.heads * dim;
  const limits = { items, userDim, queryDim, maxInFlight: settings.maxInFlight };
  const workers = doorWorkerCount(settings.doorWorkers, availableParallelism());
  const door = await openDoor({
    retriever,
    limits,
    ports,
    tls: config.tls?.server ?? null,
    workers,
    onDied: endService,
  });
  return closing.add(door);
}
