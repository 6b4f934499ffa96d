import type { Result } from "../result/schema.ts";
import { medianOf, standingOf } from "../result/standing.ts";
import type { Standing } from "../result/standing.ts";

/** A system at the fastest rate that it held, or why there is none to price. */
export type Sustained = { readonly standing: Standing } | { readonly lacking: string };

/**
 * The fastest rate of the headline load at which a system reached the recall target, was not short
 * and kept its 99th percentile within the objective. A closed loop has one rate, its own.
 */
export function sustainedBy(
  result: Pick<Result, "scenario" | "points">,
  system: string,
): Sustained {
  const { headlineLoad, slo } = result.scenario;
  const own = result.points.filter((each) => each.system === system && each.load === headlineLoad);
  const rates = [...new Set(own.map(({ offeredPerSecond }) => offeredPerSecond))];
  const standings = rates.map((rate) => standingOf(result, system, headlineLoad, rate));
  const qualified = standings.filter(({ shortcomings }) => shortcomings.length === 0);
  // What cannot be measured is told by other doubts; what is measured must keep the objective.
  const kept = qualified.filter(
    (standing) =>
      (medianOf(standing, "p99") ?? 0) <= slo.p99Ms &&
      standing.valid.every(({ state }) => state === "ok"),
  );
  const best = kept.toSorted((a, b) => capacityOf(b) - capacityOf(a))[0];
  if (best !== undefined && capacityOf(best) > 0) return { standing: best };
  if (qualified.length === 0) return { lacking: "" };
  return { lacking: `${system} did not keep its p99 within ${slo.p99Ms} ms` };
}

/** Median throughput; 0 where a valid round lacks it. */
export function capacityOf(standing: Standing): number {
  return medianOf(standing, "throughput") ?? 0;
}
