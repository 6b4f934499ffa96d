import { HeldBack } from "../../src/door/held-back.ts";
import type { DoorLimits } from "../../src/door/retriever.ts";
import { onHoldBack } from "../../src/process/hold-back.ts";
import { onQuerySettings } from "../../src/process/query-settings.ts";
import { createModel } from "../../src/retrieval/model.ts";
import { DatasetReader } from "../dataset-reader.ts";
import { ChangeFeed } from "../live/change-feed.ts";
import { RowDirectory } from "../live/row-directory.ts";
import type { MeshConfig } from "../mesh-config.ts";
import type { Closing } from "../parts/closing.ts";
import type { MeshServices, SearchEffort } from "../services.ts";
import { openTower } from "../tower/open-tower.ts";
import { MeshRetriever, type MeshRetrieverOptions } from "./mesh-retriever.ts";

/** What stands behind the front door of a mesh. */
export interface Orchestrator {
  readonly retriever: MeshRetriever;
  /** The same as callers reach it. */
  readonly heldBack: HeldBack;
  readonly limits: DoorLimits;
  readonly rows: RowDirectory;
  readonly feed: ChangeFeed;
  readonly manifest: DatasetReader["manifest"];
}

/**
 * Opens what answers requests by services that are at hand, near or far.
 * @param closing Gets what is opened here.
 */
export async function openOrchestrator(
  config: MeshConfig,
  reached: MeshServices,
  { role, lanes }: Pick<MeshRetrieverOptions, "role" | "lanes">,
  closing: Closing,
): Promise<Orchestrator> {
  const isEmbedded = reached.tower === null && config.folders.tower !== null;
  const tower = isEmbedded ? closing.add(await openTower(config)) : reached.tower;
  const services = { ...reached, tower };
  const reader = await DatasetReader.open(config.datasetFolder);
  const { manifest } = reader;
  const { dim, userDim, denseDim } = manifest;
  const { settings } = config;
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
  const retriever = new MeshRetriever({ services, model, rows, feed, settings, lanes, role });
  onQuerySettings((effort: SearchEffort) => retriever.searchWith(effort));
  const heldBack = new HeldBack(retriever);
  onHoldBack((ms) => heldBack.holdBack(ms));
  const queryDim = model.heads * dim;
  const limits = { items: rows.count, userDim, queryDim, maxInFlight: settings.maxInFlight };
  return { retriever, heldBack, limits, rows, feed, manifest };
}
