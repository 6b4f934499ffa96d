import { expect, test } from "vitest";
import { frontierOf } from "./frontier.ts";
import { sampleResult } from "./sample-result.fixture.ts";
import type { Point, Result, TuningRow } from "./schema.ts";
import { standingOf } from "./standing.ts";

const { result } = sampleResult({ samplesPerPoint: 50, rounds: 1 });
const base = result.points.find(({ system }) => system === "model")!;

const variant = (name: string, recall: number, throughputPerSecond: number): Point => ({
  ...base,
  key: `model[${name}]/closed/1`,
  variant: name,
  recall,
  throughputPerSecond,
});

const swept: Result = {
  ...result,
  points: [
    ...result.points.filter(({ system }) => system !== "model"),
    variant("ef=16", 0.9, 900),
    variant("ef=64", 0.96, 500),
    variant("ef=128", 0.97, 400),
    variant("ef=200", 0.965, 300),
    variant("ef=256", 0.99, 200),
  ],
};
const model = (of: Result): ReturnType<typeof frontierOf> =>
  frontierOf(of).filter(({ system }) => system === "model");

test("the whole frontier is kept; what another variant beats in both is not on it", () => {
  expect(model(swept).map(({ variant: name, onFrontier }) => [name, onFrontier])).toEqual([
    ["ef=16", true],
    ["ef=64", true],
    ["ef=128", true],
    ["ef=200", false],
    ["ef=256", true],
  ]);
});

test("the fastest above the target speaks for the system", () => {
  expect(model(swept).filter(({ chosen }) => chosen)).toMatchObject([
    { variant: "ef=64", shortcomings: [] },
  ]);
});

const tuned = (
  name: string,
  recall: number,
  throughputPerSecond: number,
  short = 0,
): TuningRow => ({
  system: "model",
  variant: name,
  recall,
  throughputPerSecond,
  short,
});

test("where variants were tuned, the requests that nobody scores choose", () => {
  const tuning = [
    tuned("ef=64", 0.949, 520),
    tuned("ef=128", 0.955, 410),
    tuned("ef=200", 0.96, 420, 3),
    tuned("ef=256", 0.99, 210),
  ];
  expect(standingOf({ ...swept, tuning }, "model").variant).toBe("ef=128");
});

test("where none qualified in tuning, the scored requests choose after all", () => {
  const tuning = [tuned("ef=16", 0.9, 900)];
  expect(standingOf({ ...swept, tuning }, "model").variant).toBe("ef=64");
});

test("a variant without a valid round has no number and is not on the frontier", () => {
  const points = swept.points.map((point) =>
    point.variant === "ef=256" ? { ...point, verdict: "invalid" as const } : point,
  );
  expect(model({ ...swept, points }).at(-1)).toMatchObject({
    recall: null,
    throughputPerSecond: null,
    rounds: 0,
    onFrontier: false,
  });
});

test("the rounds of a search belong together, whatever rates they found", () => {
  const capacity = {
    heldPerSecond: 1,
    brokePerSecond: 2,
    confirmed: true,
    limit: "server" as const,
    probes: [],
  };
  const points = [90, 110, 100].map((rate, i) => ({
    ...base,
    key: `model/closed/${i + 1}`,
    round: i + 1,
    offeredPerSecond: rate,
    throughputPerSecond: rate,
    capacity,
  }));
  expect(model({ ...result, points })).toMatchObject([
    { ratePerSecond: null, throughputPerSecond: 100, rounds: 3 },
  ]);
});
