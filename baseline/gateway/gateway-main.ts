import { availableParallelism } from "node:os";
import { connectGrpc, type GrpcClient } from "../../src/door/grpc-client.ts";
import { runService } from "../../src/process/service-main.ts";
import { remoteFeature } from "../feature/feature-rpc.ts";
import { remoteFilter } from "../filter/filter-rpc.ts";
import { remoteIndex } from "../index/index-rpc.ts";
import type { GatewayReady, RemoteGatewayConfig } from "../mesh-config.ts";
import { FEATURE_SERVICE, FILTER_SERVICE, INDEX_SERVICE, MESH_PROTO } from "../mesh-wire.ts";
import { openGateway } from "./open-gateway.ts";

/** They listen already when the gateway is started; this is for a machine under load. */
const SERVING_WITHIN_MS = 10_000;

// The process of the gateway, with the services in processes of their own.
runService<RemoteGatewayConfig, GatewayReady>(async (config) => {
  const { addresses } = config;
  const feature = connect(addresses.feature, FEATURE_SERVICE);
  const filter = connect(addresses.filter, FILTER_SERVICE);
  const index = connect(addresses.index, INDEX_SERVICE);
  const clients = [feature, filter, index];
  const { signal } = new AbortController();
  await Promise.all(clients.map((client) => client.waitUntilServing(SERVING_WITHIN_MS, signal)));
  const services = {
    feature: remoteFeature(feature),
    filter: remoteFilter(filter),
    index: remoteIndex(index),
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
      for (const client of clients) client.close();
    },
  };
});

function connect(address: string, service: string): GrpcClient {
  return connectGrpc({ address, protoFile: MESH_PROTO, service });
}
