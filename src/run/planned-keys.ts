import type { Turn } from "../load/turns.ts";
import { pointKey } from "../result/point.ts";
import { planRun } from "../scenario/plan.ts";
import type { PlannedLoad } from "../scenario/planned-loads.ts";
import type { Scenario } from "../scenario/schema.ts";
import type { Unit } from "./units.ts";

/** Keys of all points that so many rounds of a scenario have. */
export function plannedKeys(scenario: Scenario, rounds: number): string[] {
  const { units, loads } = planRun(scenario);
  return Array.from({ length: rounds }, (_, at) => at + 1).flatMap((round) =>
    loads.flatMap((label) => units.map((unit) => pointKey({ ...unit, label, round }))),
  );
}

/** Key of the point that a turn is a part of. */
export function keyOfTurn({ unit, load, round }: Turn<Unit, PlannedLoad>): string {
  return pointKey({ system: unit.system, variant: unit.variant, label: load.label, round });
}
