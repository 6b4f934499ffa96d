import { doubt } from "./doubts.ts";
import { ratioDrift } from "./ratio-drift.ts";
import { firstOf } from "./role.ts";
import type { Doubt, Result } from "./schema.ts";
import { medianOf, standingsOf } from "./standing.ts";
import type { Standing } from "./standing.ts";

type Measured = Pick<Result, "scenario" | "points" | "tuning">;

/** Whether a ratio of throughputs went one way while it was measured. */
export function ofTheRatios(
  result: Pick<Result, "systems">,
  standings: readonly Standing[],
): Doubt[] {
  const mesh = standings.find(({ system }) => system === firstOf(result, "mesh"));
  if (mesh === undefined) return [];
  return standings.flatMap((standing) => {
    const drift = ratioDrift(standing, mesh);
    if (drift === null) return [];
    const way = `${drift.change > 0 ? "rose" : "fell"} by ${Math.round(100 * Math.abs(drift.change))}%`;
    const over = `${drift.pairs} ${drift.kind}`;
    return [doubt("ratio-drift", `${standing.system} over ${mesh.system} ${way} over ${over}`)];
  });
}

/** Less than this is what rounds of one variant differ by. */
const OUTRUN = 1.05;

/**
 * Tuning looks for seconds, on requests of its own. Where it took the slower variant, the system is
 * shown below its best: nothing is chosen anew by the rounds that are compared, but the reader is told.
 */
export function ofTheVariants(result: Measured, chosen: Standing): Doubt[] {
  const { system, load, variant } = chosen;
  const throughput = medianOf(chosen, "throughput");
  if (throughput === null) return [];
  const faster = standingsOf(result, system, load).filter(
    (other) =>
      other.variant !== variant &&
      other.ratePerSecond === chosen.ratePerSecond &&
      other.shortcomings.length === 0 &&
      (medianOf(other, "throughput") ?? 0) > OUTRUN * throughput,
  );
  return faster.map((other) => {
    const gain = Math.round((medianOf(other, "throughput")! / throughput - 1) * 100);
    return doubt("outrun-variant", `${other.variant} of ${system}, by ${gain}% over ${variant}`);
  });
}
