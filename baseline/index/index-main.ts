import { runService } from "../../src/process/service-main.ts";
import type { IndexConfig, ServiceReady } from "../mesh-config.ts";
import { serveIndex } from "./index-rpc.ts";
import { openIndex } from "./open-index.ts";

// The process of the index service.
runService<IndexConfig, ServiceReady>(async (config, onProgress) => {
  onProgress("loading the index", NaN);
  const searcher = await openIndex(config, config.shard);
  const server = await serveIndex(searcher);
  return {
    ready: { port: server.port },
    stop: async () => {
      await server[Symbol.asyncDispose]();
      await searcher[Symbol.asyncDispose]();
    },
  };
});
