import * as fc from "fast-check";
import { expect, it } from "vitest";
import { bitsIn } from "./bits-in.ts";

it("counts the bits that are set, whatever the word", () => {
  fc.assert(
    fc.property(fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }), (word) => {
      expect(bitsIn(word)).toBe((word >>> 0).toString(2).replaceAll("0", "").length);
    }),
  );
  expect([0, -1, 1 << 31].map(bitsIn)).toEqual([0, 32, 1]);
});
