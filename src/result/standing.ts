import { median } from "../math/quantile.ts";
import type { MetricName } from "./metric.ts";
import { METRICS } from "./metric.ts";
import type { Point, Result } from "./schema.ts";

/** How one system stands at one load: the variant that speaks for it, and its rounds. */
export interface Standing {
  readonly system: string;
  readonly load: string;
  /** "" where nothing is swept. */
  readonly variant: string;
  readonly ratePerSecond: number | null;
  /** Points of that variant, in the order of rounds; `valid` is the part that counts. */
  readonly points: readonly Point[];
  readonly valid: readonly Point[];
  /** Why it does not qualify for the headline; empty: it does. */
  readonly shortcomings: readonly string[];
}

/**
 * What two points have in common that make a pair: the round, and the sitting, for what was
 * measured before a run was cut short is no neighbour of what came after.
 */
export const pairedBy = ({ round, sitting }: Pick<Point, "round" | "sitting">): string =>
  `${round}/${sitting}`;

type Measured = Pick<Result, "scenario" | "points"> & Partial<Pick<Result, "tuning">>;

/**
 * The variant of a system, and rate of the load, that speaks for it: the fastest with median recall
 * at the target and no short answer; where none qualifies, the fastest of all, with what it lacks.
 * Where variants were tuned on requests of their own, those say which is the fastest, so that none is
 * chosen for its luck with the requests it is shown with; one that then misses the target after all
 * gives way to the next that reached it in tuning. Without a valid point `valid` is empty.
 * @param ratePerSecond only points at this rate; absent: the fastest of all rates.
 */
export function standingOf(
  result: Measured,
  system: string,
  load: string = result.scenario.headlineLoad,
  ratePerSecond: number | null = null,
): Standing {
  const all = standingsOf(result, system, load).filter(
    (standing) => ratePerSecond === null || standing.ratePerSecond === ratePerSecond,
  );
  const tuned = tunedVariants(result, system)
    .map((variant) => all.filter((standing) => standing.variant === variant))
    .filter((standings) => standings.length > 0);
  const chosen = tuned.find((standings) => !standings.every(missesTarget)) ?? tuned[0] ?? all;
  const best = chosen.toSorted((a, b) => rank(b) - rank(a))[0];
  const nothing = { system, load, variant: "", ratePerSecond, points: [], valid: [] };
  return best ?? { ...nothing, shortcomings: ["it was not measured"] };
}

/** How every variant of a system, and rate of the load, stands. */
export function standingsOf(
  result: Measured,
  system: string,
  load: string = result.scenario.headlineLoad,
): Standing[] {
  const groups = new Map<string, Point[]>();
  for (const point of result.points) {
    if (point.system !== system || point.load !== load) continue;
    const key = JSON.stringify([point.variant, rateOf(point)]);
    groups.set(key, [...(groups.get(key) ?? []), point]);
  }
  return [...groups.values()].map((points) => judge(result, points));
}

/** What counts is too coarse or too short; where nothing counts, that is another matter. */
const missesTarget = ({ valid, shortcomings }: Standing): boolean =>
  valid.length > 0 && shortcomings.length > 0;

/** The variants that qualified in tuning, the fastest first; none where nothing was tuned. */
function tunedVariants({ scenario, tuning = [] }: Measured, system: string): string[] {
  const qualified = tuning.filter(
    (row) => row.system === system && row.short === 0 && (row.recall ?? 0) >= scenario.recallTarget,
  );
  return qualified
    .toSorted((a, b) => b.throughputPerSecond - a.throughputPerSecond)
    .map(({ variant }) => variant);
}

/**
 * Median of a metric over the valid rounds; null unless every valid round has it, so that a round
 * without the number cannot be passed over.
 */
export function medianOf(standing: Standing, metric: MetricName): number | null {
  const values = standing.valid.map(METRICS[metric].of);
  if (values.length === 0 || values.some((value) => value === null)) return null;
  return median(values.filter((value) => value !== null));
}

/** Sum of a count over all rounds, valid or not: a fault in a discarded round is a fault. */
export function totalOf(standing: Standing, metric: "violations" | "short" | "errors"): number {
  return standing.points.reduce((sum, point) => sum + point[metric], 0);
}

/** Rate of the load; a search has none, since each round found its own. */
const rateOf = ({ offeredPerSecond, capacity }: Point): number | null =>
  capacity === null ? offeredPerSecond : null;

function judge({ scenario }: Measured, group: readonly Point[]): Standing {
  const points = group.toSorted((a, b) => a.round - b.round);
  const { system, load, variant } = points[0]!;
  const ratePerSecond = rateOf(points[0]!);
  const valid = points.filter(({ verdict }) => verdict === "valid");
  const standing = { system, load, variant, ratePerSecond, points, valid };
  const shortcomings: string[] = [];
  if (valid.length === 0) shortcomings.push("none of its rounds is valid");
  else {
    const recall = medianOf({ ...standing, shortcomings }, "recall");
    const target = scenario.recallTarget;
    if (recall === null) shortcomings.push("its recall was not measured");
    else if (recall < target) {
      shortcomings.push(`its recall is ${recall.toFixed(3)}, below the target of ${target}`);
    }
    const short = valid.reduce((sum, point) => sum + point.short, 0);
    if (short > 0) shortcomings.push(`${short} of its answers are short`);
  }
  return { ...standing, shortcomings };
}

/** Qualified before unqualified, measured before not, then by throughput. */
function rank(standing: Standing): number {
  const throughput = medianOf(standing, "throughput");
  if (throughput === null) return -1;
  const bounded = throughput / (1 + throughput);
  return bounded + (standing.shortcomings.length === 0 ? 1 : 0);
}
