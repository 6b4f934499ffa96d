import type { DelaySettings } from "../scenario/settings.ts";
import type { StartSystem } from "../system.ts";
import { startProbe } from "./probe-system.ts";

/** Answers with nothing after `delayMs`: a load must read that time back. */
export const startDelay: StartSystem<DelaySettings> = (options) =>
  startProbe("delay", options, options.settings.delayMs);
