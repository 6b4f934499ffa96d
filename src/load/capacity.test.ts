import * as fc from "fast-check";
import { expect, test } from "vitest";
import { type Probe, searchCapacity } from "./capacity.ts";

const probed = (ratePerSecond: number, held: boolean, more: Partial<Probe> = {}): Probe => ({
  ratePerSecond,
  seconds: 1,
  p99Ms: 1,
  held,
  limit: held ? "none" : "server",
  reason: held ? "" : "too slow",
  isOverloaded: !held,
  ...more,
});

/** A system that holds the objective up to a rate. */
const upTo =
  (capacity: number) =>
  async (rate: number): Promise<Probe> =>
    probed(rate, rate <= capacity);

test("it doubles until the objective breaks, then closes in from both sides", async () => {
  const { heldPerSecond, brokePerSecond, probes } = await searchCapacity({
    fromPerSecond: 100,
    precision: 0.05,
    probe: upTo(730),
  });
  expect(probes.slice(0, 4).map(({ ratePerSecond }) => ratePerSecond)).toEqual([
    100, 200, 400, 800,
  ]);
  expect(heldPerSecond).toBeLessThanOrEqual(730);
  expect(brokePerSecond!).toBeGreaterThan(730);
  expect(brokePerSecond! / heldPerSecond).toBeLessThanOrEqual(1.05);
});

test("wherever the capacity lies, it lies between the two bounds", async () => {
  await fc.assert(
    fc.asyncProperty(fc.double({ min: 1, max: 1e5, noNaN: true }), async (capacity) => {
      const search = { fromPerSecond: 100, precision: 0.1, probe: upTo(capacity) };
      const { heldPerSecond, brokePerSecond } = await searchCapacity(search);
      expect(heldPerSecond).toBeLessThanOrEqual(capacity);
      expect(brokePerSecond!).toBeGreaterThan(capacity);
      expect(brokePerSecond! / heldPerSecond).toBeLessThanOrEqual(1.1);
    }),
    { numRuns: 50 },
  );
});

test("what never holds has no capacity", async () => {
  const found = await searchCapacity({ fromPerSecond: 8, precision: 0.1, probe: upTo(0) });
  expect(found.heldPerSecond).toBe(0);
  expect(found.probes.at(-1)!.ratePerSecond).toBe(0.5);
});

test("what never breaks has no upper bound, and the search still ends", async () => {
  const found = await searchCapacity({ fromPerSecond: 1, precision: 0.1, probe: upTo(Infinity) });
  expect(found.brokePerSecond).toBeNull();
});

test("a rate that a moment's standstill broke is tried again", async () => {
  let standstills = 1;
  const { heldPerSecond, probes } = await searchCapacity({
    fromPerSecond: 100,
    precision: 0.05,
    probe: async (rate) => {
      if (rate === 200 && standstills-- > 0) return probed(rate, false, { isOverloaded: false });
      return probed(rate, rate <= 730);
    },
  });
  expect(heldPerSecond).toBeGreaterThan(690);
  expect(probes.slice(0, 4).map(({ ratePerSecond }) => ratePerSecond)).toEqual([
    100, 200, 200, 400,
  ]);
});

test("a load generator at fault is given three tries before its rate counts as broken", async () => {
  const tries: number[] = [];
  await searchCapacity({
    fromPerSecond: 100,
    precision: 0.5,
    probe: async (rate) => {
      tries.push(rate);
      return rate > 150
        ? probed(rate, false, { isOverloaded: false, limit: "client" })
        : probed(rate, true);
    },
  });
  expect(tries.slice(0, 4)).toEqual([100, 200, 200, 200]);
});
