import { loadSeconds, plannedLoads } from "./planned-loads.ts";
import type { Scenario } from "./schema.ts";
import { expandVariants } from "./variants.ts";

/** What a run will do, known before anything is started. */
export interface RunPlan {
  readonly units: readonly { readonly system: string; readonly variant: string }[];
  readonly loads: readonly string[];
  readonly rounds: number;
  /** Measured stretches: units x loads x rounds. */
  readonly points: number;
  /** Time under load; building, starting and warming come on top. */
  readonly measuredSeconds: number;
}

/** The plan of a scenario: every variant of every system under every load, once a round. */
export function planRun(scenario: Scenario): RunPlan {
  const units = Object.entries(scenario.systems).flatMap(([system, spec]) =>
    expandVariants(spec).map(({ label }) => ({ system, variant: label })),
  );
  const planned = plannedLoads(scenario);
  const loads = planned.map(({ label }) => label);
  const secondsOfOnePass = planned.reduce((sum, { spec }) => sum + loadSeconds(spec), 0);
  return {
    units,
    loads,
    rounds: scenario.rounds,
    points: units.length * loads.length * scenario.rounds,
    measuredSeconds: secondsOfOnePass * units.length * scenario.rounds,
  };
}
