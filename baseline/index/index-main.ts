import { runService } from "../../src/process/service-main.ts";
import type { MeshConfig, ServiceReady } from "../mesh-config.ts";
import { serveIndex } from "./index-rpc.ts";
import { openIndex } from "./open-index.ts";

// The process of the index service.
runService<MeshConfig, ServiceReady>(async (config, onProgress) => {
  onProgress("loading the index", NaN);
  const searcher = await openIndex(config);
  const server = await serveIndex(searcher);
  return {
    ready: { port: server.port },
    stop: async () => {
      await server[Symbol.asyncDispose]();
      await searcher[Symbol.asyncDispose]();
    },
  };
});
