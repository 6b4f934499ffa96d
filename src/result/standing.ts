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

type Measured = Pick<Result, "scenario" | "points">;

/**
 * The fastest variant of a system, and rate of the load, with median recall at the target and no
 * short answer; where none qualifies, the fastest of all, with what it lacks. Without a valid point
 * its `valid` is empty.
 * @param ratePerSecond only points at this rate; absent: the fastest of all rates.
 */
export function standingOf(
  result: Measured,
  system: string,
  load: string = result.scenario.headlineLoad,
  ratePerSecond: number | null = null,
): Standing {
  const groups = new Map<string, Point[]>();
  for (const point of result.points) {
    if (point.system !== system || point.load !== load) continue;
    if (ratePerSecond !== null && point.offeredPerSecond !== ratePerSecond) continue;
    const key = JSON.stringify([point.variant, point.offeredPerSecond]);
    groups.set(key, [...(groups.get(key) ?? []), point]);
  }
  const standings = [...groups.values()].map((points) => judge(result, points));
  const best = standings.toSorted((a, b) => rank(b) - rank(a))[0];
  const nothing = { system, load, variant: "", ratePerSecond, points: [], valid: [] };
  return best ?? { ...nothing, shortcomings: ["it was not measured"] };
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

function judge({ scenario }: Measured, group: readonly Point[]): Standing {
  const points = group.toSorted((a, b) => a.round - b.round);
  const { system, load, variant, offeredPerSecond } = points[0]!;
  const valid = points.filter(({ verdict }) => verdict === "valid");
  const standing = { system, load, variant, ratePerSecond: offeredPerSecond, points, valid };
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
