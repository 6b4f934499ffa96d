import { expect, test } from "vitest";
import { ChangePace } from "./change-pace.ts";
import { LiveItems } from "./live-items.ts";

const live = (): LiveItems => new LiveItems(1, () => false);

test("changes a second are counted from the first on, once there are some seconds of them", () => {
  const pace = new ChangePace();
  const items = live();
  expect(pace.of(items, 50, 1000)).toBe(0);
  expect(pace.of(items, 100, 2000)).toBe(0);
  expect(pace.of(items, 1050, 11_000)).toBe(100);
});

test("what is left of a fold has the pace before it until its own is known", () => {
  const pace = new ChangePace();
  const [before, after] = [live(), live()];
  pace.of(before, 0, 0);
  pace.of(before, 3000, 10_000);
  expect(pace.of(after, 4000, 12_000)).toBe(300);
  expect(pace.of(after, 4100, 13_000)).toBe(300);
  expect(pace.of(after, 5000, 22_000)).toBe(100);
});
