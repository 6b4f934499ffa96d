import { availableParallelism } from "node:os";
import { runService } from "../../src/process/service-main.ts";
import type { GatewayReady, RemoteGatewayConfig } from "../mesh-config.ts";
import { Closing } from "../parts/closing.ts";
import { connectServices } from "../parts/connected-services.ts";
import { lanesFor } from "./lanes.ts";
import { openGateway } from "./open-gateway.ts";

// The process of the gateway, with the services in processes of their own.
runService<RemoteGatewayConfig, GatewayReady>(async (config) => {
  const closing = new Closing();
  const { services } = closing.add(await connectServices(config, config.addresses));
  // All processes of the mesh may use the same CPUs, and each copy has a thread for each.
  const lanes = lanesFor(config.settings, availableParallelism() * config.settings.replicas.index);
  const ready = await openGateway(config, services, { role: "gateway", lanes }, closing);
  return {
    ready,
    stop: () => closing[Symbol.asyncDispose](),
  };
});
