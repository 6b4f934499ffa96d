import { describe, expect, it } from "vitest";
import { alteredSample, MODEL, smallSample } from "./sample-result.fixture.ts";
import { medianOf, standingOf } from "./standing.ts";

describe("a standing", () => {
  it("is that of the fastest variant that reaches the recall target", () => {
    const { points, scenario } = smallSample({ model: MODEL });
    const base = points[0]!;
    const variants = [
      { ...base, variant: "ef=16", throughputPerSecond: 900, recall: 0.9 },
      { ...base, variant: "ef=64", throughputPerSecond: 700, recall: 0.96 },
      { ...base, variant: "ef=256", throughputPerSecond: 500, recall: 0.99 },
    ];
    expect(standingOf({ scenario, points: variants }, "model")).toMatchObject({
      variant: "ef=64",
      shortcomings: [],
    });
    const unmet = { ...scenario, recallTarget: 0.999 };
    expect(standingOf({ scenario: unmet, points: variants }, "model")).toMatchObject({
      variant: "ef=16",
      shortcomings: ["its recall is 0.900, below the target of 0.999"],
    });
  });

  it("has no median where a valid round lacks the number", () => {
    const { latencyMs } = smallSample().points[0]!;
    const result = alteredSample("model/closed/3", { latencyMs: { ...latencyMs, p99: null } });
    const standing = standingOf(result, "model");
    expect(medianOf(standing, "p99")).toBeNull();
    expect(medianOf(standing, "p50")).toBeGreaterThan(0);
  });
});
