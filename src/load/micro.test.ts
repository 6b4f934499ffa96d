import { expect, test } from "vitest";
import { measureParts } from "./micro.ts";

const signal = new AbortController().signal;

/** Keeps the thread busy. */
function spin(ms: number): void {
  const untilMs = performance.now() + ms;
  while (performance.now() < untilMs);
}

test("what takes two milliseconds is read as no less", async () => {
  const parts = [
    { name: "two", run: () => spin(2) },
    { name: "none", run: () => undefined },
  ];
  const [two, none] = await measureParts(parts, { seconds: 0.1, signal });
  expect(two).toMatchObject({ part: "two" });
  expect(two!.p50Microseconds).toBeGreaterThanOrEqual(1_990);
  expect(two!.samples).toBeGreaterThan(3);
  expect(none!.p50Microseconds).toBeLessThan(two!.p50Microseconds);
});

test("a part that fails is named", async () => {
  const parts = [
    {
      name: "broken",
      run: () => {
        throw new Error("no");
      },
    },
  ];
  await expect(measureParts(parts, { seconds: 0.01, signal })).rejects.toThrow('"broken"');
});
