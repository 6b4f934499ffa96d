import { dollarsPerMillion, fleetDollarsPerHour } from "../cost/fleet.ts";
import { METRICS } from "../result/metric.ts";
import type { Point, Result } from "../result/schema.ts";
import { pairedBy, standingOf } from "../result/standing.ts";
import type { Standing } from "../result/standing.ts";
import { COUNTS } from "./expression.ts";
import type { GateTerm } from "./expression.ts";

/** A term's number in each round that counts; never empty. */
export interface TermValue {
  readonly byRound: ReadonlyMap<string, number>;
  readonly standing: Standing;
}

/** Why a term has no number. */
export interface MissingTerm {
  readonly missing: string;
}

export type Judged = Pick<Result, "systems" | "scenario" | "points" | "cost">;

/**
 * A term's number by round: of the valid rounds, and for counts of faults of all rounds, so that a
 * discarded round hides none.
 */
export function readTerm(term: GateTerm, result: Judged): TermValue | MissingTerm {
  const { metric, system, load, ratePerSecond } = term;
  if (!Object.hasOwn(result.systems, system)) {
    return {
      missing: `there is no system ${system}: the result has ${Object.keys(result.systems).join(", ")}`,
    };
  }
  const standing = standingOf(result, system, load ?? undefined, ratePerSecond);
  if (standing.points.length === 0) {
    const at = ratePerSecond === null ? standing.load : `${standing.load}@${ratePerSecond}`;
    return { missing: `${system} was not measured at the load ${at}` };
  }
  if (standing.valid.length === 0)
    return { missing: `no round of ${system} at ${standing.load} is valid` };
  const isCount = COUNTS.includes(metric);
  const of = metric === "dollars" ? dollarsOf(result, system, standing.load) : METRICS[metric].of;
  if (of === null) return { missing: `${system} has no price at ${standing.load}` };
  const byRound = new Map<string, number>();
  for (const point of isCount ? standing.points : standing.valid) {
    const value = of(point);
    if (value === null || !Number.isFinite(value)) {
      return { missing: `${metric} of ${system} was not measured in round ${point.round}` };
    }
    byRound.set(pairedBy(point), value);
  }
  return { byRound, standing };
}

/** Dollars a million requests, in whole machines, as if each held what it held in a round. */
function dollarsOf(
  result: Judged,
  system: string,
  load: string,
): ((point: Point) => number) | null {
  const row = result.cost.find(
    (cost) => cost.system === system && cost.load === load && cost.basis === "machines",
  );
  if (row === undefined) return null;
  const { plan, machines, dollarsPerHour } = row;
  if (plan === null || machines === null) {
    // A result from before fleets were planned: one machine, busy at the round's throughput.
    return ({ throughputPerSecond }) => dollarsPerMillion(dollarsPerHour, throughputPerSecond);
  }
  const price = dollarsPerHour / machines;
  return ({ throughputPerSecond: capacityPerSecond }) =>
    dollarsPerMillion(
      fleetDollarsPerHour({ capacityPerSecond, dollarsPerHour: price }, plan),
      plan.requestsPerSecond,
    );
}
