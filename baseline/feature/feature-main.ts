import { runService } from "../../src/process/service-main.ts";
import type { MeshConfig, ServiceReady } from "../mesh-config.ts";
import { serveFeature } from "./feature-rpc.ts";
import { openFeature } from "./open-feature.ts";

// The process of the feature service.
runService<MeshConfig, ServiceReady>(async (config) => {
  const { store, dim } = await openFeature(config);
  const server = await serveFeature(store, dim);
  return {
    ready: { port: server.port },
    stop: async () => {
      await server[Symbol.asyncDispose]();
      await store[Symbol.asyncDispose]();
    },
  };
});
