import type { LoadThreads } from "../load/load-threads.ts";
import { startNull } from "../load/null-system.ts";
import type { Scenario } from "../scenario/schema.ts";
import type { System } from "../system.ts";
import { driveUnit, type Occasion, prepare } from "./measuring.ts";
import type { Questions } from "./questions.ts";
import type { UnitOptions } from "./units.ts";

/** A floor needs no long look, nor a longer one than the load itself gets. */
const FLOOR_SECONDS = 2;
/** Rates of a search that are this close have one floor. */
const SAME_RATE = 1.25;

/**
 * What the load generator, the wire and the door cost by themselves: the same load on a system that
 * answers at once with nothing, on the same CPUs. No latency below it means anything.
 */
export class NoiseFloor implements AsyncDisposable {
  readonly #system: System;
  readonly #known = new Map<string, number | null>();

  private constructor(system: System) {
    this.#system = system;
  }

  /** Starts the null system. @throws what it could not start for. */
  static async start(options: UnitOptions): Promise<NoiseFloor> {
    const settings = { maxInFlight: 100_000 };
    return new NoiseFloor(await startNull({ ...options, name: "null", settings }));
  }

  /**
   * 99th percentile of a load's latency on the null system, measured once a load and rate; null for
   * loads that have none: what is due all at once waits for its turn on any system.
   */
  async p99Ms(
    occasion: Occasion,
    questions: Questions,
    measuring: FloorMeasuring,
  ): Promise<number | null> {
    const { spec } = occasion.load;
    if (spec.shape === "offline" || spec.shape === "replay") return null;
    const key = keyOf(occasion);
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const seconds = Math.min(FLOOR_SECONDS, spec.seconds);
    const prepared = prepare({ ...occasion, seconds }, measuring, questions);
    const start = { questions, startAt: 0 };
    const { latency } = await driveUnit({ running: this.#system }, prepared, start, measuring);
    const floor = latency.count === 0 ? null : latency.quantile(0.99) / 1000;
    this.#known.set(key, floor);
    return floor;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#system[Symbol.asyncDispose]();
  }
}

interface FloorMeasuring {
  readonly scenario: Scenario;
  readonly threads: LoadThreads;
  readonly threadCount: number;
  readonly signal: AbortSignal;
}

function keyOf({ load, ratePerSecond }: Occasion): string {
  if (ratePerSecond === undefined) return load.label;
  return `${load.label}@${Math.round(Math.log(ratePerSecond) / Math.log(SAME_RATE))}`;
}
