import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { median, quantile, sorted } from "./quantile.ts";

describe("quantile", () => {
  it("agrees with R: quantile(c(1, 2, 4, 8, 16), c(.1, .25, .5, .9), type = 7)", () => {
    const values = sorted([16, 4, 1, 8, 2]);
    const shares = [0.1, 0.25, 0.5, 0.9];
    expect(shares.map((share) => quantile(values, share))).toEqual([1.4, 2, 4, 12.8]);
  });

  it("is the mean of the middle two for an even count", () => {
    expect(median([1, 2, 3, 10])).toBe(2.5);
  });

  it("is NaN of nothing, and the value of one", () => {
    expect(median([])).toBeNaN();
    expect(quantile(sorted([7]), 0.99)).toBe(7);
  });

  it("refuses NaN and infinity rather than sorting them to an end", () => {
    expect(() => sorted([1, NaN])).toThrow("value 1 is NaN");
    expect(() => sorted([Infinity])).toThrow("value 0 is Infinity");
  });

  it("stays between its neighbours and never falls as the share grows", () => {
    const finite = fc.double({ noNaN: true, min: -1e12, max: 1e12 });
    const share = fc.double({ noNaN: true, min: 0, max: 1 });
    fc.assert(
      fc.property(fc.array(finite, { minLength: 1 }), share, share, (values, a, b) => {
        const ordered = sorted(values);
        const low = quantile(ordered, Math.min(a, b));
        const high = quantile(ordered, Math.max(a, b));
        expect(low).toBeLessThanOrEqual(high);
        expect(low).toBeGreaterThanOrEqual(Math.min(...values));
        expect(high).toBeLessThanOrEqual(Math.max(...values));
      }),
    );
  });
});
