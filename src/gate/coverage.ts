import { firstOf, measuredSystems } from "../result/role.ts";
import type { GateVerdict, Result } from "../result/schema.ts";
import { standingOf } from "../result/standing.ts";

type Covered = Pick<Result, "systems" | "scenario" | "points">;

/**
 * A verdict `invalid` for each load of each system that the reference measured and the result did
 * not: a system that was renamed or a load that vanished must not pass unseen.
 */
export function missingFromReference(result: Covered, reference: Covered): GateVerdict[] {
  const measured = measuredSystems(reference);
  const loads = new Map<string, { system: string; load: string; rate: number | null }>();
  for (const point of reference.points) {
    const { system, load, offeredPerSecond, verdict } = point;
    if (verdict !== "valid" || !measured.includes(system)) continue;
    // A rate counts where the scenario states it; one that a search found may be another today.
    const isStated = Object.hasOwn(reference.scenario.loads[load] ?? {}, "ratePerSecond");
    const rate = isStated ? offeredPerSecond : null;
    loads.set(JSON.stringify([system, load, rate]), { system, load, rate });
  }
  return [...loads.values()].flatMap(({ system, load, rate }) => {
    if (standingOf(result, system, load, rate).valid.length > 0) return [];
    const at = rate === null ? load : `${load}@${rate}`;
    const reason = `the reference has ${system} at ${at}, the result has no valid round of it`;
    const nothing = { value: null, low: null, high: null, reference: null, n: 0 };
    return [
      {
        expression: `measured(${system}, ${at})`,
        verdict: "invalid" as const,
        ...nothing,
        limit: 1,
        reason,
      },
    ];
  });
}

/**
 * What is asked of a result where nobody says what: the ratio over the mesh, which travels best
 * between runs, or the throughput where there is no mesh; a tenth is left for the weather.
 */
export function referenceGates(result: Covered): string[] {
  const mesh = firstOf(result, "mesh");
  const others = measuredSystems(result).filter((system) => system !== mesh);
  if (mesh === null || others.length === 0) {
    return measuredSystems(result).map((system) => `throughput(${system}) >= 0.9 * reference`);
  }
  return others.map((system) => `throughput(${system})/throughput(${mesh}) >= 0.9 * reference`);
}
