import { availableParallelism } from "node:os";
import { runService } from "../../src/process/service-main.ts";
import { remoteFeature } from "../feature/feature-rpc.ts";
import { remoteFilter } from "../filter/filter-rpc.ts";
import { remoteIndex } from "../index/index-rpc.ts";
import type { GatewayReady, RemoteGatewayConfig } from "../mesh-config.ts";
import {
  connectService,
  FEATURE_SERVICE,
  FILTER_SERVICE,
  INDEX_SERVICE,
  RANKER_SERVICE,
} from "../mesh-wire.ts";
import { remoteRanker } from "../ranker/ranker-rpc.ts";
import { openGateway } from "./open-gateway.ts";

// The process of the gateway, with the services in processes of their own.
runService<RemoteGatewayConfig, GatewayReady>(async (config) => {
  const { addresses } = config;
  const [feature, filter, index, ranker] = await Promise.all([
    connectService(addresses.feature, FEATURE_SERVICE),
    connectService(addresses.filter, FILTER_SERVICE),
    connectService(addresses.index, INDEX_SERVICE),
    addresses.ranker === null ? null : connectService(addresses.ranker, RANKER_SERVICE),
  ]);
  const services = {
    feature: remoteFeature(feature),
    filter: remoteFilter(filter),
    index: remoteIndex(index),
    ranker: ranker === null ? null : remoteRanker(ranker),
  };
  // All processes of the mesh may use the same CPUs, and the index has a thread for each.
  const door = await openGateway(config, services, {
    role: "gateway",
    indexLanes: availableParallelism(),
  });
  return {
    ready: { grpcPort: door.grpcPort, httpPort: door.httpPort, processes: door.processes },
    stop: async () => {
      await door[Symbol.asyncDispose]();
      for (const client of [feature, filter, index, ranker]) client?.close();
    },
  };
});
