import { measuredSystems } from "./role.ts";
import type { FrontierRow, Result } from "./schema.ts";
import { medianOf, standingOf, standingsOf } from "./standing.ts";
import type { Standing } from "./standing.ts";

type Measured = Pick<Result, "systems" | "scenario" | "points" | "tuning">;

/**
 * Every variant of every system at a load, the headline's where none is named, with its recall and throughput: what each
 * system can have of the one for the other. The whole of it is kept, whatever the headline takes.
 */
export function frontierOf(
  result: Measured,
  load: string = result.scenario.headlineLoad,
): FrontierRow[] {
  return measuredSystems(result).flatMap((system) => {
    const standings = standingsOf(result, system, load);
    const chosen = standingOf(result, system, load);
    const rows = standings.map((standing) => rowOf(standing, isSame(standing, chosen)));
    return rows.map((row) => ({ ...row, onFrontier: isOnFrontier(row, rows) }));
  });
}

function rowOf(standing: Standing, chosen: boolean): FrontierRow {
  const { system, variant, load, ratePerSecond, valid, shortcomings } = standing;
  return {
    system,
    variant,
    load,
    ratePerSecond,
    recall: medianOf(standing, "recall"),
    throughputPerSecond: medianOf(standing, "throughput"),
    p99Ms: medianOf(standing, "p99"),
    rounds: valid.length,
    onFrontier: false,
    chosen,
    shortcomings: [...shortcomings],
  };
}

const isSame = (a: Standing, b: Standing): boolean =>
  a.variant === b.variant && a.ratePerSecond === b.ratePerSecond;

/** No other row is at least as good in both, and better in one. */
function isOnFrontier(row: FrontierRow, rows: readonly FrontierRow[]): boolean {
  const { recall, throughputPerSecond } = row;
  if (recall === null || throughputPerSecond === null) return false;
  return !rows.some((other) => {
    if (other.recall === null || other.throughputPerSecond === null) return false;
    const isNoWorse = other.recall >= recall && other.throughputPerSecond >= throughputPerSecond;
    return isNoWorse && (other.recall > recall || other.throughputPerSecond > throughputPerSecond);
  });
}
