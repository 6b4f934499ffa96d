import type { TopLevelSpec } from "vega-lite";
import type { Point } from "../../result/schema.ts";
import { CHART_BASE, HOLLOW } from "../chart-style.ts";
import type { SystemDigest } from "../digest.ts";
import { bySystem } from "../system-scale.ts";

/** Something that systems use, as a round and as its seconds have it. */
export interface Resource {
  readonly id: string;
  readonly label: string;
  readonly unit: string;
  /** null: not measured in that round. */
  readonly of: (point: Point) => number | null;
  /** Its column among those of a point's course; null: it has none. */
  readonly course: Exclude<keyof NonNullable<Point["course"]>, "atSeconds"> | null;
}

/** A reading of a system, seconds after its first round began under load. */
interface Reading {
  readonly system: string;
  readonly at: number;
  readonly value: number;
  readonly round: number;
}

export interface Courses {
  /** In the order of time; where a round has no course, its one value in its middle. */
  readonly readings: readonly Reading[];
  /** Each round as a whole, in its middle. */
  readonly rounds: readonly (Reading & { readonly isValid: boolean })[];
  /** When each round after the first begins. */
  readonly borders: readonly { readonly at: number }[];
}

/** All systems' rounds behind each other, each round as long as it is for the slowest of them. */
export function coursesOf(systems: readonly SystemDigest[], { of, course }: Resource): Courses {
  const starts = startsOf(systems);
  const places = systems.flatMap(({ name, standing }) =>
    standing.points.map((point) => ({ name, point, start: starts.get(point.round)! })),
  );
  const middle = (start: number, point: Point): number => start + lengthOf(point) / 2;
  const readings = places.flatMap(({ name: system, point, start }): Reading[] => {
    const { round } = point;
    const values = course === null ? null : (point.course?.[course] ?? null);
    if (values !== null) {
      return values.flatMap((value, i) =>
        value === null ? [] : [{ system, at: start + point.course!.atSeconds[i]!, value, round }],
      );
    }
    const value = of(point);
    return value === null ? [] : [{ system, at: middle(start, point), value, round }];
  });
  const rounds = places.flatMap(({ name: system, point, start }) => {
    const [value, { round, verdict }] = [of(point), point];
    if (value === null) return [];
    return [{ system, at: middle(start, point), value, round, isValid: verdict === "valid" }];
  });
  const borders = [...starts.values()].filter((at) => at > 0).map((at) => ({ at }));
  return { readings, rounds, borders };
}

function startsOf(systems: readonly SystemDigest[]): ReadonlyMap<number, number> {
  const longest = new Map<number, number>();
  for (const { standing } of systems) {
    for (const point of standing.points) {
      longest.set(point.round, Math.max(longest.get(point.round) ?? 0, lengthOf(point)));
    }
  }
  let at = 0;
  const rounds = [...longest].toSorted(([a], [b]) => a - b);
  return new Map(
    rounds.map(([round, seconds]) => {
      const start = at;
      at += seconds;
      return [round, start];
    }),
  );
}

const lengthOf = ({ seconds, course }: Point): number =>
  Math.max(seconds, course?.atSeconds.at(-1) ?? 0);

export function resourceSpec(
  systems: readonly SystemDigest[],
  { readings, rounds, borders }: Courses,
): TopLevelSpec {
  const all = [...readings, ...rounds];
  const highest = Math.max(0, ...all.map(({ value }) => value));
  const x = {
    field: "at",
    type: "quantitative" as const,
    title: "seconds under load",
    scale: { domain: [0, Math.max(1, ...all.map(({ at }) => at))], nice: false as const },
    axis: { tickCount: 6, format: "~r" },
  };
  const y = {
    field: "value",
    type: "quantitative" as const,
    title: null,
    scale: { domain: [0, highest === 0 ? 1 : highest * 1.08], nice: false as const },
    axis: { tickCount: 4, format: ",~r", grid: true },
  };
  const { color, shape } = bySystem(systems, "point");
  const tooltip = [
    { field: "system", title: "system" },
    { field: "round", title: "round" },
    { field: "at", title: "at, s", format: ".3~r" },
    { field: "value", title: "value", format: ".3~r" },
  ];
  return {
    ...CHART_BASE,
    height: 150,
    layer: [
      {
        data: { values: [...borders] },
        mark: { type: "rule", color: "var(--rule)", strokeDash: [2, 3] },
        encoding: { x },
      },
      {
        data: { values: [...readings] },
        mark: { type: "line", strokeWidth: 1.25, opacity: 0.7 },
        encoding: { x, y, color, tooltip },
      },
      {
        data: { values: [...rounds] },
        transform: [{ filter: "datum.isValid" }],
        mark: { type: "point", filled: true, size: 50, opacity: 1 },
        encoding: { x, y, color, shape, tooltip },
      },
      {
        data: { values: [...rounds] },
        transform: [{ filter: "!datum.isValid" }],
        mark: { ...HOLLOW, size: 50 },
        encoding: { x, y, stroke: color, shape, tooltip },
      },
    ],
  };
}
