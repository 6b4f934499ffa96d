import { availableParallelism } from "node:os";
import { doorWorkerCount } from "../../src/door/door-worker-count.ts";
import { serveAdmin } from "../../src/door/admin-service.ts";
import { ChangeJournal } from "../../src/door/change-journal.ts";
import type { DoorLimits } from "../../src/door/retriever.ts";
import { openDoor } from "../../src/door/server.ts";
import { endService } from "../../src/process/service-main.ts";
import type { MeshSettings } from "../../src/scenario/settings.ts";
import type { OwnedChange } from "../live/changes.ts";
import { MeshCatalogue } from "../live/mesh-catalogue.ts";
import type { GatewayConfig, GatewayReady } from "../mesh-config.ts";
import type { Closing } from "../parts/closing.ts";
import type { MeshServices } from "../services.ts";
import type { MeshRetrieverOptions } from "./mesh-retriever.ts";
import { openOrchestrator } from "./open-orchestrator.ts";

/**
 * Opens the front door of a mesh whose services are at hand, near or far, and its owner's side.
 * @param closing Gets what is opened here.
 */
export async function openGateway(
  config: GatewayConfig,
  reached: MeshServices,
  at: Pick<MeshRetrieverOptions, "role" | "lanes">,
  closing: Closing,
): Promise<GatewayReady> {
  const { settings, ports } = config;
  const { heldBack, limits, rows, feed, manifest } = await openOrchestrator(
    config,
    reached,
    at,
    closing,
  );
  const { journal, steps } = await ChangeJournal.open<OwnedChange>(config.journal, {
    subjectOf: ({ row }) => row,
  });
  closing.add(journal);
  rows.restore(steps.flatMap(({ changes }) => changes));
  feed.resume(steps);
  const limitsNow = (): DoorLimits => ({ ...limits, items: rows.count });
  const workers = doorWorkerCount(settings.doorWorkers, availableParallelism());
  const door = await openDoor({
    retriever: heldBack,
    limits: limitsNow(),
    ports,
    tls: config.tls?.server ?? null,
    workers,
    onDied: endService,
  });
  closing.add(door);
  const { items, dim, denseDim, columns } = manifest;
  const catalogue = new MeshCatalogue({
    shape: { dim, denseDim, columns },
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
