import { z } from "zod";

const name = z.string().min(1);

/** Processes of each kind of system that is ours to harm. */
export const HARMABLE = {
  mesh: ["feature", "filter", "index", "tower", "ranker", "gateway", "mesh", "redis"],
  "index-as-model": ["model"],
} as const;

/** Harm that is done to one process of a system in each point of a load. */
export const faultSpec = z.strictObject({
  /** Seconds into the measured window. */
  at: z.number().min(0).max(3600),
  system: name,
  /** Of all loads, or of this one. */
  load: name.optional(),
  service: z.enum([...HARMABLE.mesh, ...HARMABLE["index-as-model"]]),
  /** Killed, and started again; stopped, connections and all; or every answer held back. */
  kind: z.enum(["kill", "hang", "slow"]),
  /** Until it is started again, goes on, or answers in time again. */
  seconds: z.number().min(0).max(600).default(2),
  /** slow: how long its answers are held back. */
  delayMs: z.number().positive().max(60_000).default(100),
});

export type FaultSpec = z.output<typeof faultSpec>;
