import { array, assert, nat, property } from "fast-check";
import { expect, it } from "vitest";
import { likeSizes } from "./like-sizes.ts";

it("puts rankings of about the same size together, the largest first", () => {
  expect(likeSizes([100, 10, 80, 9, 0, 74])).toEqual([[0, 2], [5], [1, 3]]);
});

it("puts each ranking that has candidates into one group, and pads little", () => {
  assert(
    property(array(nat(20_000), { maxLength: 64 }), (sizes) => {
      const groups = likeSizes(sizes);
      const grouped = groups.flat().toSorted((a, b) => a - b);
      expect(grouped).toEqual([...sizes.keys()].filter((at) => sizes[at]! > 0));
      for (const group of groups) {
        const own = group.map((at) => sizes[at]!);
        const padded = own.length * own[0]!;
        expect(Math.max(...own)).toBe(own[0]);
        expect(Math.min(...own)).toBeGreaterThanOrEqual(own[0]! * 0.75);
        expect(own.length === 1 || padded <= 16_384).toBe(true);
      }
    }),
  );
});
