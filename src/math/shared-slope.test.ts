import { describe, expect, it } from "vitest";
import { Random } from "./random.ts";
import { type Along, sharedSlope } from "./shared-slope.ts";

/** Points along a line, each side with noise of its own. */
function along(seed: number, slope: number, noise: number, height: number, n = 400): Along[] {
  const random = new Random(seed);
  return Array.from({ length: n }, () => {
    const weather = random.gaussian();
    return {
      x: weather + noise * random.gaussian(),
      y: height + slope * weather + noise * random.gaussian(),
    };
  });
}

describe("the slope that groups share", () => {
  it("is that of a line they lie on, wherever each group lies", () => {
    const groups = [
      [0, 1, 2].map((x) => ({ x, y: 0.8 * x })),
      [5, 7].map((x) => ({ x, y: 9 + 0.8 * x })),
    ];
    const { slope, correlation } = sharedSlope(groups)!;
    expect(slope).toBeCloseTo(0.8, 12);
    expect(correlation).toBeCloseTo(1, 12);
  });

  it("is not flattened by noise of x, as that of least squares is", () => {
    const groups = [along(1, 0.75, 0.5, 0), along(2, 0.75, 0.5, 3), along(3, 0.75, 0.5, -2)];
    const { slope, correlation } = sharedSlope(groups)!;
    expect(slope).toBeCloseTo(0.75, 1);
    // Least squares would have 0.75 / 1.25.
    expect(slope).toBeGreaterThan(0.68);
    // cov 0.75 over sqrt(1.25 * 0.8125).
    expect(correlation).toBeCloseTo(0.744, 1);
  });

  it("turns over with its sides", () => {
    const groups = [along(4, 0.6, 0.3, 1)];
    const swapped = groups.map((group) => group.map(({ x, y }) => ({ x: y, y: x })));
    expect(sharedSlope(swapped)!.slope).toBeCloseTo(1 / sharedSlope(groups)!.slope, 9);
  });

  it("is none where a side stands still, and flat where they have nothing in common", () => {
    expect(sharedSlope([[1, 2, 3].map((x) => ({ x, y: 4 }))])).toBeNull();
    expect(sharedSlope([])).toBeNull();
    const cross = [
      { x: -1, y: 0 },
      { x: 1, y: 0 },
      { x: 0, y: 1 },
      { x: 0, y: -1 },
    ];
    expect(sharedSlope([cross])).toEqual({ slope: 0, correlation: 0 });
  });
});
