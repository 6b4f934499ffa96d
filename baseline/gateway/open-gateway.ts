import { availableParallelism } from "node:os";
import { doorWorkerCount } from "../../src/door/door-worker-count.ts";
import { serveAdmin } from "../../src/door/admin-service.ts";
import { ChangeJournal } from "../../src/door/change-journal.ts";
import { HeldBack } from "../../src/door/held-back.ts";
import type { DoorLimits } from "../../src/door/retriever.ts";
import { openDoor } from "../../src/door/server.ts";
import { onHoldBack } from "../../src/process/hold-back.ts";
import { onQuerySettings } from "../../src/process/query-settings.ts";
import { endService } from "../../src/process/service-main.ts";
import { createModel } from "../../src/retrieval/model.ts";
import type { MeshSettings } from "../../src/scenario/settings.ts";
import { DatasetReader } from "../dataset-reader.ts";
import { ChangeFeed } from "../live/change-feed.ts";
import type { OwnedChange } from "../live/changes.ts";
import { MeshCatalogue } from "../live/mesh-catalogue.ts";
import { RowDirectory } from "../live/row-directory.ts";
import type { GatewayConfig, GatewayReady } from "../mesh-config.ts";
import type { Closing } from "../parts/closing.ts";
import type { MeshServices, SearchEffort } from "../services.ts";
import { openTower } from "../tower/open-tower.ts";
import { MeshRetriever, type MeshRetrieverOptions } from "./mesh-retriever.ts";

/**
 * Opens the front door of a mesh whose services are at hand, near or far.
 * @param closing Gets what is opened here.
 */
export async function openGateway(
  config: GatewayConfig,
  reached: MeshServices,
  { role, lanes }: Pick<MeshRetrieverOptions, "role" | "lanes">,
  closing: Closing,
): Promise<GatewayReady> {
  const isEmbedded = reached.tower === null && config.folders.tower !== null;
  const tower = isEmbedded ? closing.add(await openTower(config)) : reached.tower;
  const services = { ...reached, tower };
  const reader = await DatasetReader.open(config.datasetFolder);
  const { items, dim, userDim, denseDim } = reader.manifest;
  const { settings, ports } = config;
  const model = createModel(config.model, { userDim, dim, denseDim });
  const rows = new RowDirectory(await reader.itemIds());
  const { feature, filter, index, ranker } = services;
  const rankers = ranker === null ? [] : ranker.followers;
  const feed = new ChangeFeed({
    // A ranker asks for features again once it is told, so those must be there.
    stages: [feature.followers, [...filter.followers, ...index.followers, ...rankers]],
    holdSeconds: settings.heldBack,
  });
  closing.defer(() => feed.close());
  const { journal, steps } = await ChangeJournal.open<OwnedChange>(config.journal, {
    subjectOf: ({ row }) => row,
  });
  closing.add(journal);
  rows.restore(steps.flatMap(({ changes }) => changes));
  feed.resume(steps);
  const retriever = new MeshRetriever({ services, model, rows, feed, settings, lanes, role });
  onQuerySettings((effort: SearchEffort) => retriever.searchWith(effort));
  const heldBack = new HeldBack(retriever);
  onHoldBack((ms) => heldBack.holdBack(ms));
  const queryDim = model.heads * dim;
  const limits = { items: rows.count, userDim, queryDim, maxInFlight: settings.maxInFlight };
  const workers = doorWorkerCount(settings.doorWorkers, availableParallelism());
  const door = await openDoor({
    retriever: heldBack,
    limits,
    ports,
    tls: config.tls?.server ?? null,
    workers,
    onDied: endService,
  });
  closing.add(door);
  const limitsNow = (): DoorLimits => ({ ...limits, items: rows.count });
  const catalogue = new MeshCatalogue({
    shape: { dim, denseDim, columns: reader.manifest.columns },
    rows,
    feed,
    journal,
    mostChanged: mostChanged(settings, items),
    onChange: () => door.setLimits(limitsNow()),
  });
  const admin = closing.add(
    await serveAdmin(catalogue, { port: ports.admin ?? 0, tls: config.tls?.server ?? null }),
  );
  const { grpcPort, httpPort, processes } = door;
  return { grpcPort, httpPort, adminPort: admin.port, processes };
}

/** Each search looks at all of them, so that many cost it about as much as all else it does. */
function mostChanged({ mostChanged: most }: MeshSettings, items: number): number {
  return most === "auto" ? Math.max(LEAST_CHANGED, Math.ceil(items * CHANGED_SHARE)) : most;
}

const LEAST_CHANGED = 10_000;
const CHANGED_SHARE = 0.25;
