import { availableParallelism } from "node:os";
import { runService } from "../../src/process/service-main.ts";
import type { GatewayConfig, GatewayReady } from "../mesh-config.ts";
import { Closing } from "../parts/closing.ts";
import { openServices } from "../parts/near-services.ts";
import { lanesFor } from "./lanes.ts";
import { openGateway } from "./open-gateway.ts";

// The whole mesh in one process: the same services behind the same gateway.
runService<GatewayConfig, GatewayReady>(async (config, onProgress) => {
  onProgress("loading the index", NaN);
  const closing = new Closing();
  const { services } = closing.add(await openServices(config));
  const lanes = lanesFor(config.settings, availableParallelism());
  const ready = await openGateway(config, services, { role: "mesh", lanes }, closing);
  return {
    ready,
    stop: () => closing[Symbol.asyncDispose](),
  };
});
