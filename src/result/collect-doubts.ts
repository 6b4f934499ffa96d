import { gatherDoubts } from "./doubts.ts";
import { measuredSystems } from "./role.ts";
import { ofTheRounds, ofTheStanding } from "./round-doubts.ts";
import { ofTheFaults, ofTheMachine, ofTheRun } from "./run-doubts.ts";
import type { Doubt, Result } from "./schema.ts";
import { standingOf } from "./standing.ts";
import { ofTheRatios, ofTheVariants } from "./throughput-doubts.ts";

/** Every doubt that the result itself gives rise to, most grave first. */
export function collectDoubts(result: Omit<Result, "doubts" | "gates" | "cost">): Doubt[] {
  const standings = measuredSystems(result).map((system) => standingOf(result, system));
  return gatherDoubts([
    ...ofTheRun(result),
    ...ofTheMachine(result),
    ...ofTheFaults(result),
    ...ofTheRounds(result, standings),
    ...standings.flatMap(ofTheStanding),
    ...standings.flatMap((standing) => ofTheVariants(result, standing)),
    ...ofTheRatios(result, standings),
  ]);
}
