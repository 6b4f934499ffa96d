import { describe, expect, it } from "vitest";
import { roundInterval } from "./interval.ts";

describe("the interval of a number over rounds", () => {
  it("is Student's on the logarithms, around the median", () => {
    // Logarithms 0, 1, 2: mean 1, error 1 / sqrt(3), t(0.975, 2) is 4.3027.
    const { value, low, high } = roundInterval([1, Math.E, Math.E ** 2], false);
    expect(value).toBeCloseTo(Math.E, 12);
    expect(Math.log(low)).toBeCloseTo(1 - 4.3027 / Math.sqrt(3), 3);
    expect(Math.log(high)).toBeCloseTo(1 + 4.3027 / Math.sqrt(3), 3);
  });

  it("holds the median where the rounds lean to one side", () => {
    const { value, low, high } = roundInterval(
      [1, 100, 100, 100, 100, 100, 100, 100, 100, 100],
      false,
    );
    expect([value, low <= value, value <= high]).toEqual([100, true, true]);
  });

  it("is arithmetic for a share and stays within 0 and 1", () => {
    expect(roundInterval([0.9, 1], true)).toMatchObject({
      low: expect.closeTo(0.3147, 3),
      high: 1,
    });
    expect(roundInterval([1, 1, 1], true)).toEqual({ value: 1, low: 1, high: 1 });
    expect(roundInterval([0.97], true)).toEqual({ value: 0.97, low: 0.97, high: 0.97 });
  });

  it("is arithmetic where a round is 0, and absent for one round", () => {
    expect(roundInterval([0, 2], false).low).toBeLessThan(0);
    expect(roundInterval([5], false)).toEqual({ value: 5, low: NaN, high: NaN });
  });
});
