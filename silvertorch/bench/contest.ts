import { pairedRatio, type PairedRatio } from "../../src/math/paired-ratio.ts";
import { Random, shuffle } from "../../src/math/random.ts";
import { median, quantile, sorted } from "../../src/math/quantile.ts";

/** One of several ways to do the same work, of which a run does one batch. */
export interface Contestant {
  readonly name: string;
  readonly run: () => Promise<unknown>;
}

const CALM_SHARE = 1 / 8;

/** Milliseconds of each round, by contestant; round r of all lies side by side in time. */
export class Times {
  readonly #byName: ReadonlyMap<string, readonly number[]>;

  constructor(byName: ReadonlyMap<string, readonly number[]>) {
    this.#byName = byName;
  }

  medianMs(name: string): number {
    return median(this.#of(name));
  }

  /** How long one takes over how long another takes, paired by round. */
  ratio(name: string, over: string): PairedRatio {
    const others = this.#of(over);
    const pairs = this.#of(name).map((ms, round) => ({ of: ms, over: others[round]! }));
    return pairedRatio(pairs, "lower");
  }

  /** The same of the fastest eighth of the rounds of each, where a busy machine was calm. */
  calmRatio(name: string, over: string): number {
    const fast = (times: readonly number[]): number => quantile(sorted(times), CALM_SHARE);
    return fast(this.#of(name)) / fast(this.#of(over));
  }

  #of(name: string): readonly number[] {
    return this.#byName.get(name)!;
  }
}

/** Runs that nobody counts: the first allocate what the later ones reuse. */
const WARM_UPS = 2;

/**
 * Lets all of them run a batch each round, in an order of its own, so that the machine's drift falls on
 * all alike, and so does what is left of whoever ran before.
 */
export async function contest(contestants: readonly Contestant[], rounds: number): Promise<Times> {
  const byName = new Map(contestants.map(({ name }) => [name, [] as number[]]));
  const random = new Random(1);
  for (let round = -WARM_UPS; round < rounds; round++) {
    for (const { name, run } of shuffle([...contestants], random)) {
      const startMs = performance.now();
      await run();
      if (round >= 0) byName.get(name)!.push(performance.now() - startMs);
    }
  }
  return new Times(byName);
}
