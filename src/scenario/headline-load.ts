import type { Scenario } from "./schema.ts";

/** Name of the load whose numbers lead the report: the one the scenario names, else its first. */
export function headlineLoad(scenario: Pick<Scenario, "headline" | "loads">): string {
  return scenario.headline.load ?? Object.keys(scenario.loads)[0]!;
}
