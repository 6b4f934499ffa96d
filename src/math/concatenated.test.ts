import { expect, test } from "vitest";
import { concatenated } from "./concatenated.ts";

test("arrays stand one after the other, in their order, in a new one of their kind", () => {
  const parts = [Float64Array.of(1, 2), new Float64Array(0), Float64Array.of(2 ** 40)];
  expect(concatenated(Float64Array, parts)).toEqual(Float64Array.of(1, 2, 2 ** 40));
  expect(concatenated(Uint32Array, [])).toEqual(new Uint32Array(0));
  const one = Float32Array.of(5);
  const copy = concatenated(Float32Array, [one]);
  one[0] = 6;
  expect(copy).toEqual(Float32Array.of(5));
});
