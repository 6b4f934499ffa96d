import { availableParallelism } from "node:os";
import { runService } from "../../src/process/service-main.ts";
import { openFeature } from "../feature/open-feature.ts";
import { openFilter } from "../filter/open-filter.ts";
import type { IndexSearcher } from "../index/index-searcher.ts";
import { openIndex } from "../index/open-index.ts";
import { ShardedIndex } from "../index/sharded-index.ts";
import type { GatewayConfig, GatewayReady } from "../mesh-config.ts";
import { openRanker } from "../ranker/open-ranker.ts";
import { openGateway } from "./open-gateway.ts";

// The whole mesh in one process: the same services behind the same gateway, without the wire.
runService<GatewayConfig, GatewayReady>(async (config, onProgress) => {
  onProgress("loading the index", NaN);
  const { store: feature } = await openFeature(config);
  const filter = await openFilter(config);
  const shards = await openShards(config);
  const index = new ShardedIndex(shards);
  const ranker = await openRanker(config, feature);
  const door = await openGateway(
    config,
    { feature, filter, index, ranker },
    { role: "mesh", indexLanes: availableParallelism() },
  );
  return {
    ready: { grpcPort: door.grpcPort, httpPort: door.httpPort, processes: door.processes },
    stop: async () => {
      await door[Symbol.asyncDispose]();
      await ranker?.[Symbol.asyncDispose]();
      await Promise.all([feature, ...shards].map((part) => part[Symbol.asyncDispose]()));
    },
  };
});

function openShards(config: GatewayConfig): Promise<IndexSearcher[]> {
  const { shards } = config.settings.index;
  return Promise.all(Array.from({ length: shards }, (_, shard) => openIndex(config, shard)));
}
