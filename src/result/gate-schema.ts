import { z } from "zod";
import { number } from "./measured-number.ts";

/** What became of one gate expression, for one system where it says `*`. */
export const gateVerdictSchema = z.strictObject({
  expression: z.string(),
  verdict: z.enum(["pass", "regression", "inconclusive", "invalid"]),
  /** The number judged; null where there is none to judge. */
  value: number,
  low: number,
  high: number,
  /** Where `reference` is given, a share of it. */
  limit: z.number(),
  /** The reference's number, where the limit is a share of it; value and interval are then too. */
  reference: number.default(null),
  /** Rounds, or pairs of rounds, behind the value. */
  n: z.number().int(),
  /** One sentence: what was measured, or what was missing. */
  reason: z.string(),
});

/** Where more rounds were measured because a gate was not settled. */
export const settlingSchema = z.strictObject({
  /** What the rounds beyond the scenario's were allowed to cost, in words. */
  budget: z.string(),
  /** Each time the gates were looked at: how much had been measured, and which were still open. */
  looks: z.array(
    z.strictObject({ rounds: z.number().int(), seconds: z.number(), open: z.array(z.string()) }),
  ),
});
