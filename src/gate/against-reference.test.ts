import { describe, expect, it } from "vitest";
import { MESH, MODEL, sampleResult, smallSample } from "../result/sample-result.fixture.ts";
import type { GateVerdict, Point, Result } from "../result/schema.ts";
import { evaluateGates } from "./evaluate.ts";

const RATIO = "throughput(model)/throughput(mesh) >= 0.895 * reference (ci 90%)";
const pair = smallSample({ mesh: MESH, model: MODEL });

/** Five rounds in which the machine is at so many shares of its speed; the model feels 0.8 of it. */
function inWeather(mesh: readonly number[], model = 2000): Result {
  return altered((point) => {
    const share = mesh[point.round - 1]!;
    const speed = point.system === "mesh" ? 600 * share : model * share ** 0.8;
    return { throughputPerSecond: speed };
  });
}

function altered(change: (point: Point) => Partial<Point>): Result {
  return { ...pair, points: pair.points.map((point) => ({ ...point, ...change(point) })) };
}

const CHANGING = [0.6, 1.1, 0.9, 0.7, 1.2];
/** Runs of a model that comes out a little differently each time it is started. */
const runsAt = (...speeds: readonly number[]): Result[] =>
  speeds.map((speed) => inWeather(CHANGING, speed));
const FIVE = runsAt(1960, 1980, 2000, 2020, 2040);

function judged(result: Result, reference: readonly Result[], text = RATIO): GateVerdict {
  return evaluateGates([text], result, reference)[0]!;
}

describe("a reference of several runs", () => {
  it("has how far they lie apart in the interval, which one run cannot tell", () => {
    const uneven = runsAt(1800, 1900, 2000, 2100, 2200);
    const { verdict, low, high, reason, value } = judged(inWeather(CHANGING), uneven);
    expect(verdict).toBe("inconclusive");
    expect(value).toBeCloseTo(1, 2);
    // Spread of the logarithms 0.0794, t(0.95, 4) = 2.13185, sqrt(1 + 1/5).
    const half = 2.13185 * 0.0794 * Math.sqrt(1.2);
    expect(Math.log(high! / low!) / 2).toBeCloseTo(half, 3);
    expect(reason).toContain("5 rounds against 5 runs of the reference, which differ by 7.9%");
    expect(judged(inWeather(CHANGING), FIVE)).toMatchObject({ verdict: "pass" });
    expect(judged(inWeather(CHANGING, 1600), FIVE)).toMatchObject({ verdict: "regression" });
  });

  it("is one long run where there are but two", () => {
    const { reason } = judged(inWeather(CHANGING), FIVE.slice(0, 2));
    expect(reason).toContain("5 rounds against 10 rounds of the reference");
  });

  it("is invalid where one of them lacks the number", () => {
    const lacking = [...FIVE, smallSample({ mesh: MESH })];
    expect(judged(inWeather(CHANGING), lacking)).toMatchObject({
      verdict: "invalid",
      reason: "of the reference, there is no system model: the result has mesh",
    });
  });

  it("takes single numbers by the spread of the runs, and counts by the worst of all rounds", () => {
    const text = "throughput(model) >= 0.7 * reference";
    expect(judged(inWeather(CHANGING), FIVE, text)).toMatchObject({ verdict: "pass", n: 5 });
    const violated = altered(() => ({ violations: 1 }));
    const counts = "violations(model) <= reference";
    expect(judged(violated, FIVE, counts).verdict).toBe("regression");
    expect(judged(violated, [...FIVE, violated], counts).verdict).toBe("pass");
    expect(judged(pair, FIVE, "recall(model) >= reference").verdict).toBe("pass");
  });
});

describe("the weather of a ratio", () => {
  const bad = [0.65, 0.7, 0.65, 0.7, 0.65];

  it("is taken out as the reference shows it, so that what has not changed is as it was", () => {
    const plain = 2000 / 600;
    const { value, verdict, reference, reason } = judged(inWeather(bad), FIVE);
    expect(value).toBeCloseTo(1, 3);
    expect(verdict).toBe("pass");
    // What the mean share of 0.67 makes of the ratio: to the power of -0.2.
    expect(reference).toBeCloseTo(plain * 0.6695 ** -0.2, 2);
    expect(reason).toContain("taken as in this run's weather");
  });

  it("hides no loss of the model", () => {
    const { value, verdict } = judged(inWeather(bad, 1600), FIVE);
    expect(value).toBeCloseTo(0.8, 3);
    expect(verdict).toBe("regression");
  });

  it("is left in beyond what the reference has seen, and where the mesh is set up otherwise", () => {
    const unseen = judged(inWeather([0.4, 0.45, 0.4, 0.45, 0.4]), FIVE);
    expect(unseen.value).toBeGreaterThan(1.1);
    expect(unseen.reason).not.toContain("weather");
    const mesh = { ...pair.systems["mesh"]!, settings: { maxBatch: 1 } };
    const otherwise = { ...inWeather(bad), systems: { ...pair.systems, mesh } };
    expect(judged(otherwise, FIVE).value).toBeGreaterThan(1.05);
  });

  it("is left in where the sides have nothing in common", () => {
    const apart = sampleResult({
      samplesPerPoint: 50,
      behaviours: { mesh: MESH, model: MODEL },
      alter: (point) => ({
        ...point,
        throughputPerSecond:
          point.system === "mesh"
            ? [500, 700, 600, 500, 700][point.round - 1]!
            : 2000 + point.round,
      }),
    }).result;
    const { reason } = judged(apart, [apart, apart, apart]);
    expect(reason).not.toContain("weather");
  });
});
