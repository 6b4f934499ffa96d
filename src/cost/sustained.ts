import type { Result } from "../result/schema.ts";
import { medianOf, standingOf, standingsOf } from "../result/standing.ts";
import type { Standing } from "../result/standing.ts";

/** A system at the fastest rate that it held, or why there is none to price. */
export type Sustained = { readonly standing: Standing } | { readonly lacking: string };

/**
 * The fastest rate of the headline load at which a system reached the recall target, was not short
 * and kept its 99th percentile within the objective. A closed loop has one rate, its own; a search
 * for the capacity has the one it found.
 */
export function sustainedBy(
  result: Pick<Result, "scenario" | "points" | "tuning">,
  system: string,
): Sustained {
  const { p99Ms } = result.scenario.slo;
  const { variant } = standingOf(result, system);
  const qualified = standingsOf(result, system).filter(
    (standing) => standing.variant === variant && standing.shortcomings.length === 0,
  );
  // What cannot be measured is told by other doubts; what is measured must keep the objective.
  const kept = qualified.filter(
    (standing) => (medianOf(standing, "p99") ?? 0) <= p99Ms && standing.valid.every(keptUp),
  );
  const best = kept.toSorted((a, b) => capacityOf(b) - capacityOf(a))[0];
  if (best !== undefined && capacityOf(best) > 0) return { standing: best };
  if (qualified.length === 0) return { lacking: "" };
  return { lacking: `${system} did not keep its p99 within ${p99Ms} ms` };
}

/** Median throughput; 0 where a valid round lacks it. */
export function capacityOf(standing: Standing): number {
  return medianOf(standing, "throughput") ?? 0;
}

/** A search goes beyond what a system holds on purpose. */
function keptUp({ state, capacity }: Standing["valid"][number]): boolean {
  return state === "ok" || (state === "overloaded" && capacity !== null);
}
