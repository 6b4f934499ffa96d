import type { Turn } from "../load/turns.ts";
import type { PlannedLoad } from "../scenario/planned-loads.ts";
import { findCapacity } from "./find-capacity.ts";
import { type MeasuredStretch, measureStretch } from "./measure-stretch.ts";
import type { Measuring, Occasion } from "./measuring.ts";
import type { Unit } from "./units.ts";

/** One load on one unit in one round, as a point of the result. */
export async function measureTurn(
  { unit, load, round }: Turn<Unit, PlannedLoad>,
  measuring: Measuring,
): Promise<MeasuredStretch> {
  const occasion: Occasion = { load, round };
  return load.spec.shape === "capacity"
    ? await findCapacity(unit, { ...occasion, spec: load.spec }, measuring)
    : await measureStretch(unit, occasion, measuring);
}
