import type { CpuPlan } from "../measure/cpu-set.ts";
import type { Scenario } from "../scenario/schema.ts";

/** The CPUs of each system, by its name; null: any, or not ours to say, as of a remote one. */
export function systemCpus(
  { systems }: Scenario,
  { system }: CpuPlan,
): Record<string, { readonly cpus: number[] | null }> {
  return Object.fromEntries(
    Object.entries(systems).map(([name, { kind }]) => [
      name,
      { cpus: system === null || kind === "remote" ? null : [...system] },
    ]),
  );
}
