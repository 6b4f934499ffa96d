import type { Turn } from "../load/turns.ts";
import type { LoadSpec, Scenario } from "../scenario/schema.ts";
import type { PlannedLoad } from "../scenario/planned-loads.ts";
import { findCapacity } from "./find-capacity.ts";
import {
  endsPoint,
  type MeasuredPoint,
  measureStretch,
  type Stretch,
  toMeasuredPoint,
} from "./measure-stretch.ts";
import type { Measuring, Occasion } from "./measuring.ts";
import type { Unit } from "./units.ts";

/** Blocks are at most this long: the machine's weather changes by the second. */
const BLOCK_SECONDS = 1;

/**
 * Blocks that a load is cut into, to be measured in turn with the other systems'. A loop can be:
 * it is full again at once. Arrivals cannot: a queue has to have the time to grow. Nor can a load
 * during which harm is done and borne.
 */
export function blocksOf({ spec, name }: PlannedLoad, faults: Scenario["faults"]): number {
  const isHarmed = faults.some(({ load = name }) => load === name);
  return isLoop(spec) && !isHarmed ? Math.ceil(spec.seconds / BLOCK_SECONDS - 1e-9) : 1;
}

type Loop = Extract<LoadSpec, { shape: "closed" | "http" | "single-stream" | "multi-stream" }>;

function isLoop(spec: LoadSpec): spec is Loop {
  const { shape } = spec;
  return (
    shape === "closed" || shape === "http" || shape === "single-stream" || shape === "multi-stream"
  );
}

/** Measures turn by turn; with the last block of a point it is whole. */
export class TurnTaker {
  readonly #measuring: Measuring;
  /** By unit, the blocks of the point that it is at; null once that is whole. */
  readonly #begun = new Map<Unit, Stretch[] | null>();

  constructor(measuring: Measuring) {
    this.#measuring = measuring;
  }

  /** @returns the point that the turn completes; null where it is not whole, or was before. */
  async take(turn: Turn<Unit, PlannedLoad>): Promise<MeasuredPoint | null> {
    const { unit, load, round, block, blocks } = turn;
    const { spec } = load;
    const occasion: Occasion = { load, round, block, blocks };
    await unit.enter();
    if (spec.shape === "capacity") {
      return await findCapacity(unit, { ...occasion, spec }, this.#measuring);
    }
    const before = block === 1 ? [] : this.#begun.get(unit)!;
    if (before === null) return null;
    const part = isLoop(spec) ? { ...occasion, seconds: spec.seconds / blocks } : occasion;
    const stretch = await measureStretch(unit, part, this.#measuring);
    const stretches = [...before, stretch];
    const isWhole = endsPoint(occasion, stretch.observed);
    this.#begun.set(unit, isWhole ? null : stretches);
    if (!isWhole) return null;
    const context = { measuring: this.#measuring, capacity: null };
    return await toMeasuredPoint(unit, occasion, stretches, context);
  }
}
