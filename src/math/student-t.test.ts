import { describe, expect, it } from "vitest";
import { incompleteBeta, logGamma } from "./incomplete-beta.ts";
import { studentT, studentTQuantile } from "./student-t.ts";

describe("Student's t", () => {
  // The table every textbook prints: two-sided 95%, one-sided 99.5%.
  it.each([
    [0.975, 1, 12.7062047],
    [0.975, 2, 4.30265273],
    [0.975, 4, 2.77644511],
    [0.975, 9, 2.26215716],
    [0.975, 19, 2.09302405],
    [0.975, 1e6, 1.95996636],
    [0.995, 4, 4.60409487],
  ])("at share %f with %i degrees of freedom is %f", (share, freedom, expected) => {
    expect(studentTQuantile(share, freedom)).toBeCloseTo(expected, 6);
    expect(studentTQuantile(1 - share, freedom)).toBeCloseTo(-expected, 6);
  });

  it("is the Cauchy distribution at one degree of freedom", () => {
    for (const t of [-3, -0.5, 0, 0.5, 3]) {
      expect(studentT(t, 1)).toBeCloseTo(0.5 + Math.atan(t) / Math.PI, 12);
    }
  });

  it("comes back from its own quantile", () => {
    for (const share of [0.01, 0.3, 0.5, 0.9, 0.999]) {
      expect(studentT(studentTQuantile(share, 7), 7)).toBeCloseTo(share, 12);
    }
  });
});

describe("the incomplete beta function", () => {
  it("has its closed forms", () => {
    expect(incompleteBeta(0.3, 1, 1)).toBeCloseTo(0.3, 14);
    expect(incompleteBeta(0.3, 2, 1)).toBeCloseTo(0.09, 14);
    expect(incompleteBeta(0.3, 1, 3)).toBeCloseTo(1 - 0.7 ** 3, 14);
    expect(incompleteBeta(0, 2, 3)).toBe(0);
    expect(incompleteBeta(1, 2, 3)).toBe(1);
  });

  it("rests on factorials", () => {
    expect(logGamma(11)).toBeCloseTo(Math.log(3_628_800), 10);
    expect(logGamma(0.5)).toBeCloseTo(Math.log(Math.PI) / 2, 12);
  });
});
