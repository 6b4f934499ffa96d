import { Random, shuffle } from "../math/random.ts";

/** One stretch of measurement: a load on one variant of a system, in one round. */
export interface Turn<Unit, Load> {
  readonly unit: Unit;
  readonly load: Load;
  readonly round: number;
}

/**
 * The order of measurement: every round passes once over all units and loads, and each round's
 * order is drawn anew from the seed, so that drift of the machine falls on all systems alike
 * (random interleaving, as google/benchmark does it: docs/random_interleaving.md).
 */
export function turns<Unit, Load>(
  units: readonly Unit[],
  loads: readonly Load[],
  rounds: number,
  seed: number,
): Turn<Unit, Load>[] {
  const random = new Random(seed).fork("order");
  const all: Turn<Unit, Load>[] = [];
  for (let round = 1; round <= rounds; round++) {
    const pass = loads.flatMap((load) => units.map((unit) => ({ unit, load, round })));
    shuffle(pass, random);
    all.push(...pass);
  }
  return all;
}
