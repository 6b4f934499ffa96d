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
  /** Whether there is no doubt about it: requests piled up without end. */
  readonly isOverloaded: boolean;
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
const MAX_PROBES = 30;
/** How often a rate is tried before it counts as one that does not hold. */
const TRIES = { server: 2, client: 3, none: 1 } as const;
/** Below this there is nothing left to serve. */
const LEAST_PER_SECOND = 0.5;

/**
 * The highest rate that holds an objective: doubles until it breaks (or halves until it holds),
 * then halves the distance on the logarithm until the bounds are close. A moment's standstill of
 * the machine breaks any rate, so what broke without piling up is tried again first; and a rate
 * that held by luck leads it astray, so what it finds is to be confirmed.
 */
export async function searchCapacity(search: CapacitySearch): Promise<CapacityBounds> {
  const probes: Probe[] = [];
  let held = 0;
  let broke = Infinity;
  const isOpen = (): boolean =>
    probes.length < MAX_PROBES && !(held > 0 && broke / held <= 1 + search.precision);
  let rate = search.fromPerSecond;
  while (isOpen() && rate >= LEAST_PER_SECOND) {
    const tries = await tryRate(rate, search.probe);
    probes.push(...tries);
    if (tries.at(-1)!.held) held = rate;
    else broke = rate;
    rate = nextRate(held, broke);
  }
  return { heldPerSecond: held, brokePerSecond: broke === Infinity ? null : broke, probes };
}

/** All tries of a rate; the last one counts. */
async function tryRate(rate: number, probe: CapacitySearch["probe"]): Promise<Probe[]> {
  const tries: Probe[] = [];
  for (;;) {
    const last = await probe(rate);
    tries.push(last);
    if (last.held || last.isOverloaded || tries.length >= TRIES[last.limit]) return tries;
  }
}

function nextRate(held: number, broke: number): number {
  if (broke === Infinity) return held * 2;
  return held === 0 ? broke / 2 : Math.sqrt(held * broke);
}
