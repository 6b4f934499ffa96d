import { HarnessError } from "../../src/errors.ts";
import { runService } from "../../src/process/service-main.ts";
import { remoteFeature } from "../feature/feature-rpc.ts";
import type { RankerConfig, ServiceReady } from "../mesh-config.ts";
import { FEATURE_SERVICE } from "../mesh-wire.ts";
import { ReplicaSet } from "../replica-set.ts";
import { openRanker } from "./open-ranker.ts";
import { serveRanker } from "./ranker-rpc.ts";

// The process of the ranker service.
runService<RankerConfig, ServiceReady>(async (config, onProgress) => {
  onProgress("loading the OverArch", NaN);
  const feature = await ReplicaSet.connect(config.feature, FEATURE_SERVICE);
  const ranker = await openRanker(config, remoteFeature(feature));
  if (ranker === null) throw new HarnessError("INTERNAL", "this model needs no ranker");
  const server = await serveRanker(ranker);
  return {
    ready: { port: server.port },
    stop: async () => {
      await server[Symbol.asyncDispose]();
      await ranker[Symbol.asyncDispose]();
      feature.close();
    },
  };
});
