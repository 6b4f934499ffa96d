import { Random, shuffle } from "../math/random.ts";

/** One stretch of measurement: a block of a load on one variant of a system, in one round. */
export interface Turn<Unit, Load> {
  readonly unit: Unit;
  readonly load: Load;
  readonly round: number;
  /** From 1; a point is made of all `blocks` of its round. */
  readonly block: number;
  readonly blocks: number;
}

export interface TurnsOptions<Unit, Load> {
  readonly units: readonly Unit[];
  readonly loads: readonly Load[];
  readonly rounds: number;
  /** Blocks that a load is cut into. */
  readonly blocksOf: (load: Load) => number;
  readonly seed: number;
}

/**
 * The order of measurement: every round passes over all loads, and over all units with each block
 * of a load, in an order drawn anew each time; so that drift of the machine, from one second to
 * the next, falls on all systems alike (random interleaving, as google/benchmark does it:
 * docs/random_interleaving.md).
 */
export function turns<Unit, Load>(options: TurnsOptions<Unit, Load>): Turn<Unit, Load>[] {
  const { rounds, blocksOf } = options;
  const random = new Random(options.seed).fork("order");
  const drawn = <T>(all: readonly T[]): T[] => {
    const order = [...all];
    shuffle(order, random);
    return order;
  };
  const order: Turn<Unit, Load>[] = [];
  for (let round = 1; round <= rounds; round++) {
    for (const load of drawn(options.loads)) {
      const blocks = blocksOf(load);
      for (let block = 1; block <= blocks; block++) {
        order.push(...drawn(options.units).map((unit) => ({ unit, load, round, block, blocks })));
      }
    }
  }
  return order;
}
