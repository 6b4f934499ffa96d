import { expect, test } from "vitest";
import { withRoom } from "./lane-needs.ts";

test("there is room for as many places as the same kernel selects, and for long lists for no more", () => {
  expect([1, 100, 128, 170, 171, 1168].map(withRoom)).toEqual([1, 170, 170, 170, 341, 1365]);
  expect([1366, 3000].map(withRoom)).toEqual([1366, 3000]);
  for (let places = 1; places < 1366; places++) {
    const room = withRoom(places);
    expect(room).toBeGreaterThanOrEqual(places);
    expect(Math.ceil(Math.log2(1.5 * room))).toBe(Math.ceil(Math.log2(1.5 * places)));
  }
});
