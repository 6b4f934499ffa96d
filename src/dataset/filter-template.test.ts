import * as fc from "fast-check";
import { expect, test } from "vitest";
import { shortestFloat32 } from "./filter-template.ts";

test("a float32 is printed so that it reads back as itself", () => {
  fc.assert(
    fc.property(fc.float({ noNaN: true, noDefaultInfinity: true }), (value) => {
      expect(Math.fround(Number(shortestFloat32(value)))).toBe(value === 0 ? 0 : value);
    }),
  );
});

test("and as short as can be", () => {
  expect(shortestFloat32(Math.fround(12.3))).toBe("12.3");
  expect(shortestFloat32(7)).toBe("7");
  expect(shortestFloat32(Math.fround(0.1))).toBe("0.1");
});
