import type { NullSettings } from "../scenario/settings.ts";
import type { StartSystem } from "../system.ts";
import { startProbe } from "./probe-system.ts";

/** Answers at once with nothing: the most that the load and the door can do by themselves. */
export const startNull: StartSystem<NullSettings> = (options) => startProbe("null", options, 0);
