import { median } from "../math/quantile.ts";
import { unpairedRatio } from "../math/unpaired-ratio.ts";
import type { RatioVerdict } from "../math/paired-ratio.ts";
import { METRICS } from "../result/metric.ts";
import type { MetricName } from "../result/metric.ts";
import { pairsOf } from "../result/pairs.ts";
import { firstOf, measuredSystems } from "../result/role.ts";
import type { Result } from "../result/schema.ts";
import { standingOf } from "../result/standing.ts";
import { questionDifferences } from "./comparable.ts";
import { type RunDifference, runDifferences } from "./run-differences.ts";

/** One metric of one system in two runs. */
export interface RunComparisonRow {
  /** A system, or "model over mesh" for a ratio within each run. */
  readonly subject: string;
  readonly metric: MetricName;
  readonly better: "higher" | "lower";
  readonly load: string;
  /** Medians over valid rounds; of a ratio, over what is paired. */
  readonly before: number | null;
  readonly after: number | null;
  /** After over before, with its 95% interval; null where a side lacks what it takes. */
  readonly ratio: number | null;
  readonly low: number | null;
  readonly high: number | null;
  /** Valid rounds on each side. */
  readonly rounds: readonly [before: number, after: number];
  readonly verdict: RatioVerdict;
}

/** Two results side by side: numbers, and what else is not the same. */
export interface RunComparison {
  readonly rows: readonly RunComparisonRow[];
  /** Throughput and tail at every other load and rate that both runs have. */
  readonly otherLoads: readonly RunComparisonRow[];
  /** What of the question differs; where it does, the numbers say little. */
  readonly question: readonly string[];
  /** Settings, versions and machine: what may explain a difference. */
  readonly differences: readonly RunDifference[];
  /** The same in words. */
  readonly surroundings: readonly string[];
  /** Systems that only one side has, or that a side is cut short. */
  readonly gaps: readonly string[];
}

const COMPARED = ["throughput", "p50", "p99", "cpu", "recall"] as const;
const COMPARED_ELSEWHERE = ["throughput", "p99"] as const;

/**
 * Every system that both runs have, at the headline load of the second: the ratio after over
 * before with Welch's interval, since the rounds of two runs are not paired. Ratios over the mesh
 * come first: within a run they are paired, so that most of the machine's weather is out of them.
 */
export function compareRuns(before: Result, after: Result): RunComparison {
  const shared = measuredSystems(after).filter((system) => Object.hasOwn(before.systems, system));
  const mesh = firstOf(after, "mesh");
  const over = mesh !== null && shared.includes(mesh) ? mesh : null;
  const ratios = shared
    .filter((system) => over !== null && system !== over)
    .map((system) => ratioRow(before, after, system, over!));
  const headline = { load: after.scenario.headlineLoad, ratePerSecond: null };
  const rows = shared.flatMap((system) =>
    COMPARED.map((metric) => systemRow([before, after], system, metric, headline)),
  );
  const differences = runDifferences(before, after);
  return {
    rows: [...ratios, ...rows],
    otherLoads: otherLoads(before, after).flatMap((at) =>
      shared.flatMap((system) =>
        COMPARED_ELSEWHERE.map((metric) => systemRow([before, after], system, metric, at)),
      ),
    ),
    question: questionDifferences(after, before),
    differences,
    surroundings: differences.map(
      ({ what, before: then, after: now }) => `${what}: ${then} before, ${now} after`,
    ),
    gaps: gaps(before, after),
  };
}

function ratioRow(before: Result, after: Result, system: string, mesh: string): RunComparisonRow {
  const load = after.scenario.headlineLoad;
  const [then, now] = [before, after].map((result): Series => {
    const sides = [system, mesh].map((name) => standingOf(result, name, load));
    const { pairs } = pairsOf(sides[0]!, sides[1]!, "throughput");
    const rounds = new Set(pairs.map(({ round }) => round)).size;
    return { values: pairs.map((pair) => pair.of / pair.over), rounds };
  });
  return toRow({ subject: `${system} over ${mesh}`, metric: "throughput", load }, then!, now!);
}

function systemRow(
  sides: readonly [before: Result, after: Result],
  system: string,
  metric: MetricName,
  { load, ratePerSecond }: LoadAt,
): RunComparisonRow {
  const [then, now] = sides.map((result): Series => {
    const { valid } = standingOf(result, system, load, ratePerSecond);
    const values = valid.map(METRICS[metric].of);
    // A round without the number must not be passed over.
    const known = values.includes(null) ? [] : values.filter((value) => value !== null);
    return { values: known, rounds: known.length };
  });
  const label = ratePerSecond === null ? load : `${load}@${ratePerSecond}`;
  return toRow({ subject: system, metric, load: label }, then!, now!);
}

interface LoadAt {
  readonly load: string;
  readonly ratePerSecond: number | null;
}

/** What both runs measured beside the headline; the rate that a search found is no rate of a load. */
function otherLoads(before: Result, after: Result): LoadAt[] {
  const [then, now] = [before, after].map(({ points, scenario }) => {
    const found = points.map(({ load, offeredPerSecond, capacity }): LoadAt => {
      return { load, ratePerSecond: capacity === null ? offeredPerSecond : null };
    });
    const others = found.filter(({ load }) => load !== scenario.headlineLoad);
    return new Map(others.map((at) => [JSON.stringify(at), at]));
  });
  return [...now!].flatMap(([key, at]) => (then!.has(key) ? [at] : []));
}

/** What one run has of a row: a value a round, or of a ratio one a block, in the order of time. */
interface Series {
  readonly values: readonly number[];
  readonly rounds: number;
}

function toRow(
  what: Pick<RunComparisonRow, "subject" | "metric" | "load">,
  before: Series,
  after: Series,
): RunComparisonRow {
  const { better } = METRICS[what.metric];
  const middle = ({ values }: Series): number | null =>
    values.length === 0 ? null : median(values);
  const base = {
    ...what,
    better,
    before: middle(before),
    after: middle(after),
    rounds: [before.rounds, after.rounds] as const,
  };
  const isComparable = [before, after].every(
    ({ values }) => values.length > 0 && values.every((value) => value > 0),
  );
  if (!isComparable) {
    return { ...base, ratio: null, low: null, high: null, verdict: "inconclusive" };
  }
  const { ratio, low, high, verdict } = unpairedRatio(after.values, before.values, better);
  const [from, to] = [low, high].map((end) => (Number.isNaN(end) ? null : end));
  return { ...base, ratio, low: from!, high: to!, verdict };
}

function gaps(before: Result, after: Result): string[] {
  const [then, now] = [before, after].map(measuredSystems);
  return [
    ...(before.complete ? [] : ["the run before did not complete"]),
    ...(after.complete ? [] : ["the run after did not complete"]),
    ...then!
      .filter((system) => !now!.includes(system))
      .map((name) => `${name} is only in the run before`),
    ...now!
      .filter((system) => !then!.includes(system))
      .map((name) => `${name} is only in the run after`),
  ];
}
