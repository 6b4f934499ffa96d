import { z } from "zod";
import { number } from "./measured-number.ts";

/** One system over another, by one metric, over all rounds. */
export const comparisonSchema = z.strictObject({
  metric: z.string(),
  of: z.string(),
  over: z.string(),
  load: z.string(),
  recallAt: number,
  n: z.number().int(),
  ratio: number,
  low: number,
  high: number,
  /** How the interval was made, for the reader. */
  method: z.string(),
  verdict: z.enum(["better", "worse", "same", "inconclusive"]),
  /** What was paired: whole rounds, or the blocks of a second that they are made of. */
  pairs: z.enum(["rounds", "blocks"]).default("rounds"),
  /** Rounds with a pair whose ratio lies far from the others'; they count all the same. */
  outliers: z.array(z.number().int()).default([]),
});

/** One variant of a system at the headline load: what recall it has, and how much it answers. */
export const frontierSchema = z.strictObject({
  system: z.string(),
  variant: z.string(),
  load: z.string(),
  ratePerSecond: number,
  /** Medians over the valid rounds. */
  recall: number,
  throughputPerSecond: number,
  p99Ms: number,
  /** Valid rounds. */
  rounds: z.number().int(),
  /** No other variant of the system has both more recall and more throughput. */
  onFrontier: z.boolean(),
  /** The one that speaks for its system in the headline. */
  chosen: z.boolean(),
  /** Why it cannot speak for it; empty: it could. */
  shortcomings: z.array(z.string()),
});

/** A variant's standing on the requests that nobody scores: what the headline's choice is made by. */
export const tuningSchema = z.strictObject({
  system: z.string(),
  variant: z.string(),
  recall: number,
  throughputPerSecond: z.number(),
  short: z.number().int(),
});

/** How long one part of a system takes, alone, in this process. */
export const microSchema = z.strictObject({
  load: z.string(),
  part: z.string(),
  samples: z.number().int(),
  meanMicroseconds: z.number(),
  p50Microseconds: z.number(),
  p99Microseconds: z.number(),
  /** Half the 95% interval of the mean, as a share of it. */
  marginShare: z.number(),
});
