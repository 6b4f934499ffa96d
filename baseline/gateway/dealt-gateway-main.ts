import { availableParallelism } from "node:os";
import { Admission } from "../../src/door/admission.ts";
import type { Desk } from "../../src/door/desk.ts";
import { openDealtDoor } from "../../src/door/server.ts";
import { onConnection } from "../../src/process/dealt-connection.ts";
import { runService } from "../../src/process/service-main.ts";
import type { DealtGatewayConfig } from "../mesh-config.ts";
import { Closing } from "../parts/closing.ts";
import { connectServices } from "../parts/connected-services.ts";
import { lanesFor } from "./lanes.ts";
import { sumStats } from "./merged-stats.ts";
import { openOrchestrator } from "./open-orchestrator.ts";
import { exchangeStats } from "./peer-stats.ts";

// The process of one of several gateways: a whole one, but that its connections are dealt out to it
// and that its catalogue stays as it was built.
runService<DealtGatewayConfig, object>(async (config) => {
  const closing = new Closing();
  const { services } = closing.add(await connectServices(config, config.addresses));
  const lanes = lanesFor(config.settings, availableParallelism() * config.settings.replicas.index);
  const at = { role: "gateway", lanes };
  const { retriever, heldBack, limits } = await openOrchestrator(config, services, at, closing);
  const admission = new Admission(heldBack, limits);
  const peers = exchangeStats(() => admission.stats(retriever.ownStats()));
  const desk: Desk = {
    limits,
    retrieve: (read) => admission.retrieve(read),
    stats: async () => {
      const [own, others] = await Promise.all([admission.stats(), peers()]);
      return sumStats(own, others);
    },
  };
  const door = closing.add(openDealtDoor(desk, config.tls?.server ?? null));
  onConnection((socket, to) => door.accept(socket, to));
  return {
    ready: {},
    stop: () => closing[Symbol.asyncDispose](),
  };
});
