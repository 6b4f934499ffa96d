import { onHoldBack } from "../../src/process/hold-back.ts";
import { runService } from "../../src/process/service-main.ts";
import type { PartConfig, PartReady } from "./part.ts";
import { servePart } from "./serve-part.ts";

// The process of any one service.
runService<PartConfig, PartReady>(async (config, onProgress) => {
  onProgress("loading", NaN);
  const served = await servePart(config);
  onHoldBack((ms) => served.holdBack(ms));
  return { ready: { port: served.port }, stop: async () => served[Symbol.asyncDispose]() };
});
