import { availableParallelism } from "node:os";
import { runService } from "../../src/process/service-main.ts";
import { remoteFeature } from "../feature/feature-rpc.ts";
import { remoteFilter } from "../filter/filter-rpc.ts";
import { remoteIndex } from "../index/index-rpc.ts";
import { ShardedIndex } from "../index/sharded-index.ts";
import type { GatewayReady, RemoteGatewayConfig } from "../mesh-config.ts";
import { FEATURE_SERVICE, FILTER_SERVICE, INDEX_SERVICE, RANKER_SERVICE } from "../mesh-wire.ts";
import { remoteRanker } from "../ranker/ranker-rpc.ts";
import { ReplicaSet } from "../replica-set.ts";
import { openGateway } from "./open-gateway.ts";

// The process of the gateway, with the services in processes of their own.
runService<RemoteGatewayConfig, GatewayReady>(async (config) => {
  const { addresses } = config;
  const [feature, filter, shards, ranker] = await Promise.all([
    ReplicaSet.connect(addresses.feature, FEATURE_SERVICE),
    ReplicaSet.connect(addresses.filter, FILTER_SERVICE),
    Promise.all(addresses.index.map((shard) => ReplicaSet.connect(shard, INDEX_SERVICE))),
    addresses.ranker.length === 0 ? null : ReplicaSet.connect(addresses.ranker, RANKER_SERVICE),
  ]);
  const services = {
    feature: remoteFeature(feature),
    filter: remoteFilter(filter),
    index: new ShardedIndex(shards.map(remoteIndex)),
    ranker: ranker === null ? null : remoteRanker(ranker),
  };
  const door = await openGateway(config, services, {
    role: "gateway",
    // All processes of the mesh may use the same CPUs, and each copy has a thread for each.
    indexLanes: availableParallelism() * addresses.index[0]!.length,
  });
  return {
    ready: { grpcPort: door.grpcPort, httpPort: door.httpPort, processes: door.processes },
    stop: async () => {
      await door[Symbol.asyncDispose]();
      for (const service of [feature, filter, ...shards, ranker]) service?.close();
    },
  };
});
