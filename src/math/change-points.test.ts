import { describe, expect, it } from "vitest";
import { changePoints } from "./change-points.ts";
import { Random } from "./random.ts";

/** Levels of ten values each, with a spread of 3%. */
function series(levels: readonly number[], seed: number): number[] {
  const random = new Random(seed);
  return levels.flatMap((level) =>
    Array.from({ length: 10 }, () => level * Math.exp(0.03 * random.gaussian())),
  );
}

describe("change points", () => {
  it("are found where the level changes, to the value", () => {
    expect(changePoints(series([3, 2.4], 1))).toEqual([10]);
    expect(changePoints(series([3, 2.4, 3.1], 2))).toEqual([10, 20]);
    expect(changePoints([1, 1, 1, 1, 2, 2, 2, 2])).toEqual([4]);
  });

  it("are rarely found where there is only weather", () => {
    const found = Array.from({ length: 200 }, (_, seed) =>
      changePoints(series([3, 3, 3], seed + 10)),
    );
    expect(found.filter(({ length }) => length > 0).length).toBeLessThan(10);
  });

  it("need four values on each side, and numbers above 0", () => {
    expect(changePoints([1, 1, 1, 9, 9, 9])).toEqual([]);
    expect(changePoints([])).toEqual([]);
    expect(() => changePoints([1, 0])).toThrow("above 0");
  });
});
