import type { Point } from "../../result/schema.ts";

/** Counters of requests by the clusters that each of their heads looked into: `model.probed.24`. */
export const PROBED_PREFIX = "model.probed.";

/** Clusters that requests looked into. */
export interface Probes {
  readonly median: number;
  readonly most: number;
}

/** Over all of some points together; null where none of them counted any. */
export function probesOf(points: readonly Pick<Point, "counters">[]): Probes | null {
  const requests = new Map<number, number>();
  for (const [name, count] of points.flatMap(({ counters }) => Object.entries(counters))) {
    if (!name.startsWith(PROBED_PREFIX) || count <= 0) continue;
    const probes = Number(name.slice(PROBED_PREFIX.length));
    requests.set(probes, (requests.get(probes) ?? 0) + count);
  }
  const ascending = [...requests].toSorted(([a], [b]) => a - b);
  const half = ascending.reduce((sum, [, count]) => sum + count, 0) / 2;
  let before = 0;
  const middle = ascending.find(([, count]) => (before += count) >= half);
  return middle === undefined ? null : { median: middle[0], most: ascending.at(-1)![0] };
}
