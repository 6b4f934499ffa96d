import { runService } from "../../src/process/service-main.ts";
import type { MeshConfig, ServiceReady } from "../mesh-config.ts";
import { serveFilter } from "./filter-rpc.ts";
import { openFilter } from "./open-filter.ts";

// The process of the filter service.
runService<MeshConfig, ServiceReady>(async (config) => {
  const server = await serveFilter(await openFilter(config));
  return {
    ready: { port: server.port },
    stop: () => Promise.resolve(server[Symbol.asyncDispose]()),
  };
});
