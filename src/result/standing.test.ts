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

  it("is that of tuning's choice, unless this misses the target where it counts", () => {
    const { points, scenario } = smallSample({ model: MODEL });
    const base = points[0]!;
    const tuned = (variant: string, throughputPerSecond: number) => {
      return { system: "model", variant, throughputPerSecond, recall: 0.97, short: 0 };
    };
    const tuning = [tuned("ef=16", 900), tuned("ef=64", 700), tuned("ef=256", 500)];
    const chosenWhere = (recall: number, verdict: "valid" | "invalid" = "valid"): string => {
      const slow = { ...base, recall: 0.99, throughputPerSecond: 500 };
      const measured = [
        { ...base, variant: "ef=16", throughputPerSecond: 600, recall, verdict },
        { ...slow, variant: "ef=64" },
        { ...slow, variant: "ef=256", throughputPerSecond: 650 },
      ];
      return standingOf({ scenario, points: measured, tuning }, "model").variant;
    };
    expect(chosenWhere(0.96)).toBe("ef=16");
    expect(chosenWhere(0.94)).toBe("ef=64");
    // Invalid rounds are not passed over in silence.
    expect(chosenWhere(0.94, "invalid")).toBe("ef=16");
  });

  it("has no median where a valid round lacks the number", () => {
    const { latencyMs } = smallSample().points[0]!;
    const result = alteredSample("model/closed/3", { latencyMs: { ...latencyMs, p99: null } });
    const standing = standingOf(result, "model");
    expect(medianOf(standing, "p99")).toBeNull();
    expect(medianOf(standing, "p50")).toBeGreaterThan(0);
  });
});
