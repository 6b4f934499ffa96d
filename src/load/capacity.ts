/** One rate tried for a while. */
export interface Probe {
  readonly ratePerSecond: number;
  readonly seconds: number;
  readonly p99Ms: number | null;
  /** Whether the objective held at it. */
  readonly held: boolean;
  /** What gave way; a load generator that did says nothing of the system. */
  readonly limit: "server" | "client" | "none";
  /** Why it did not; "" where it did. */
  readonly reason: string;
}

export interface CapacityBounds {
  /** The highest rate that held; 0: none did. */
  readonly heldPerSecond: number;
  /** The lowest rate that did not; null: none was found. */
  readonly brokePerSecond: number | null;
  /** All rates that were tried, in order. */
  readonly probes: readonly Probe[];
}

export interface CapacitySearch {
  readonly fromPerSecond: number;
  /** The search ends when the two bounds are this close: 0.05 is 5%. */
  readonly precision: number;
  readonly probe: (ratePerSecond: number) => Promise<Probe>;
}

/** A search that has not ended after so many probes never will: the machine is too uneven. */
const MAX_PROBES = 24;
/** Below this there is nothing left to serve. */
const LEAST_PER_SECOND = 0.5;

/**
 * The highest rate that holds an objective: doubles until it breaks (or halves until it holds),
 * then halves the distance on the logarithm until the bounds are close. A rate that held by luck or
 * broke by bad luck leads it astray, so that what it finds is to be confirmed.
 */
export async function searchCapacity(search: CapacitySearch): Promise<CapacityBounds> {
  const probes: Probe[] = [];
  let held = 0;
  let broke = Infinity;
  const isOpen = (): boolean =>
    probes.length < MAX_PROBES && !(held > 0 && broke / held <= 1 + search.precision);
  let rate = search.fromPerSecond;
  while (isOpen() && rate >= LEAST_PER_SECOND) {
    const probe = await search.probe(rate);
    probes.push(probe);
    if (probe.held) held = rate;
    else broke = rate;
    rate = nextRate(held, broke);
  }
  return { heldPerSecond: held, brokePerSecond: broke === Infinity ? null : broke, probes };
}

function nextRate(held: number, broke: number): number {
  if (broke === Infinity) return held * 2;
  return held === 0 ? broke / 2 : Math.sqrt(held * broke);
}
