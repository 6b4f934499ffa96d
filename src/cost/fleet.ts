/** Load that a fleet must carry, and what it keeps in reserve. */
export interface Plan {
  readonly requestsPerSecond: number;
  /** Share of a machine's capacity that stays free, 0..1. */
  readonly headRoom: number;
  readonly spares: number;
}

/** One kind of machine running one system. */
export interface Replica {
  /** Requests a second it holds within the objective, before head-room. */
  readonly capacityPerSecond: number;
  readonly dollarsPerHour: number;
}

/** Whole machines that carry the plan's load with its head-room, and its spares. */
export function machinesFor(
  { capacityPerSecond }: Pick<Replica, "capacityPerSecond">,
  { requestsPerSecond, headRoom, spares }: Plan,
): number {
  const needed = requestsPerSecond / (capacityPerSecond * (1 - headRoom));
  // The sliver keeps 10,000 / (200 * 0.5) at 100 machines, whatever the last bit says.
  return Math.max(1, Math.ceil(needed - 1e-9)) + spares;
}

/** Dollars an hour of the whole fleet. */
export function fleetDollarsPerHour(replica: Replica, plan: Plan): number {
  return machinesFor(replica, plan) * replica.dollarsPerHour;
}

export function dollarsPerMillion(dollarsPerHour: number, requestsPerSecond: number): number {
  return (dollarsPerHour / (requestsPerSecond * 3600)) * 1e6;
}

/** Fleets larger than this are not searched: there the break-even is a matter of the last cent. */
const LARGEST_FLEET = 100_000;

/**
 * The load from which on `challenger` is never dearer than `held`, requests a second: 0 where it
 * is never dearer at all, null where it is dearer in the long run. Both fleets grow in whole
 * machines, so the search goes from one machine of the challenger to the next.
 */
export function breakEvenLoad(
  challenger: Replica,
  held: Replica,
  { headRoom, spares }: Omit<Plan, "requestsPerSecond">,
): number | null {
  const own = challenger.capacityPerSecond * (1 - headRoom);
  const other = held.capacityPerSecond * (1 - headRoom);
  const gain = held.dollarsPerHour / other - challenger.dollarsPerHour / own;
  if (gain <= 0) return null;
  // Beyond this even a fleet rounded up is no dearer than one that is not.
  const certain = (challenger.dollarsPerHour * (1 + spares) - held.dollarsPerHour * spares) / gain;
  const largest = Math.ceil(certain / own) + 1;
  if (largest > LARGEST_FLEET) return null;
  let dearUpTo = 0;
  for (let machines = 1; machines <= largest; machines++) {
    const cost = (machines + spares) * challenger.dollarsPerHour;
    // Machines of the other fleet that are together still cheaper than this.
    const cheaper = Math.ceil(cost / held.dollarsPerHour - spares - 1e-9) - 1;
    if (cheaper * other > (machines - 1) * own && cheaper > 0) {
      dearUpTo = Math.min(machines * own, cheaper * other);
    }
  }
  return dearUpTo;
}
