import { outliers } from "../math/outliers.ts";
import { pairedRatio } from "../math/paired-ratio.ts";
import { METRICS } from "./metric.ts";
import type { MetricName } from "./metric.ts";
import { pairsOf, type RoundPair } from "./pairs.ts";
import { firstOf, isOnGpu, measuredSystems, meshOnGpu, roleOf } from "./role.ts";
import type { Comparison, Result } from "./schema.ts";
import { standingOf } from "./standing.ts";
import type { Standing } from "./standing.ts";

const COMPARED = ["throughput", "goodput", "p50", "p99", "cpu"] as const;

/**
 * Each system over the mesh, each challenger over the same mesh in one process, and each challenger
 * on a GPU over the mesh that has one, too: at the headline load, paired by round or block, valid
 * points only. A comparison without a pair is kept, with ratio null.
 */
export function compareSystems(
  result: Pick<Result, "systems" | "scenario" | "points" | "tuning">,
): Comparison[] {
  const mesh = firstOf(result, "mesh");
  const names = measuredSystems(result);
  const isChallenger = (name: string): boolean => roleOf(result, name) === "challenger";
  const withGpu = meshOnGpu(result);
  const pairsOver = (over: string | null, of: readonly string[]): Comparison[] => {
    if (over === null) return [];
    const held = standingOf(result, over);
    return of.flatMap((name) => {
      const standing = standingOf(result, name);
      return COMPARED.map((metric) => compareStandings(result, metric, standing, held));
    });
  };
  return [
    ...pairsOver(
      mesh,
      names.filter((name) => name !== mesh),
    ),
    ...pairsOver(firstOf(result, "in-process"), names.filter(isChallenger)),
    ...pairsOver(
      withGpu === mesh ? null : withGpu,
      names.filter((name) => isChallenger(name) && isOnGpu(result, name)),
    ),
  ];
}

/** One system over another in every metric, at the headline load. */
export function compareTwo(
  result: Pick<Result, "scenario" | "points" | "tuning">,
  of: string,
  over: string,
): Comparison[] {
  const [left, right] = [standingOf(result, of), standingOf(result, over)];
  return COMPARED.map((metric) => compareStandings(result, metric, left, right));
}

/** One system over another in one metric, paired. */
export function compareStandings(
  { scenario }: Pick<Result, "scenario">,
  metric: MetricName,
  of: Standing,
  over: Standing,
): Comparison {
  const { pairs, kind } = pairsOf(of, over, metric);
  const { ratio, low, high, n, method, verdict } = pairedRatio(pairs, METRICS[metric].better, kind);
  const qualified = of.shortcomings.length === 0 && over.shortcomings.length === 0;
  return {
    metric,
    of: of.system,
    over: over.system,
    load: of.load,
    recallAt: qualified ? scenario.recallTarget : null,
    n,
    ratio: finiteOrNull(ratio),
    low: finiteOrNull(low),
    high: finiteOrNull(high),
    method,
    verdict,
    pairs: kind,
    outliers: strangeRounds(pairs),
  };
}

function strangeRounds(pairs: readonly RoundPair[]): number[] {
  const strange = outliers(pairs.map((pair) => Math.log(pair.of / pair.over)));
  return [...new Set(strange.map((at) => pairs[at]!.round))];
}

function finiteOrNull(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}
