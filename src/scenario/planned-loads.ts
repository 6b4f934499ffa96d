import type { LoadSpec, Scenario } from "./schema.ts";

/** Every load that is driven from outside; `micro` is not. */
export type DrivenSpec = Exclude<LoadSpec, { shape: "micro" }>;

/** One load as it is measured: of a list of rates, each is one. */
export interface PlannedLoad {
  /** The load's name in the scenario. */
  readonly name: string;
  /** What a point's key calls it: the name, and the rate where one is stated. */
  readonly label: string;
  readonly spec: DrivenSpec;
  /** Steady rate of an open loop; null for every other load. */
  readonly ratePerSecond: number | null;
}

/** All loads of a scenario whose points are compared, in its order. */
export function plannedLoads({ loads }: Pick<Scenario, "loads">): PlannedLoad[] {
  return Object.entries(loads).flatMap(([name, spec]) =>
    spec.shape === "micro"
      ? []
      : ratesOf(spec).map((ratePerSecond) => ({
          name,
          label: ratePerSecond === null ? name : `${name}@${ratePerSecond}`,
          spec,
          ratePerSecond,
        })),
  );
}

function ratesOf(spec: DrivenSpec): readonly (number | null)[] {
  if (spec.shape !== "server") return [null];
  const { ratePerSecond } = spec;
  if (typeof ratePerSecond === "number") return [ratePerSecond];
  return Array.isArray(ratePerSecond) ? ratePerSecond : [null];
}

/** Probes that a search for the capacity takes, give or take: doublings, bisections. */
const PROBES = 10;

/** About how long a load runs; 0 for a replay, whose trace is not read yet. */
export function loadSeconds(spec: LoadSpec): number {
  if (spec.shape === "replay") return 0;
  return spec.shape === "capacity" ? PROBES * spec.probeSeconds + spec.seconds : spec.seconds;
}
