import type { Scenario } from "./schema.ts";

/**
 * Name of the load whose numbers lead the report: the one the scenario names, else its first search
 * for the capacity, else its first that is driven from outside.
 */
export function headlineLoad({ headline, loads }: Pick<Scenario, "headline" | "loads">): string {
  if (headline.load !== undefined) return headline.load;
  const names = Object.keys(loads);
  const ofShape = (isSo: (shape: string) => boolean): string | undefined =>
    names.find((name) => isSo(loads[name]!.shape));
  return (
    ofShape((shape) => shape === "capacity") ?? ofShape((shape) => shape !== "micro") ?? names[0]!
  );
}
