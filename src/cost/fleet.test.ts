import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { breakEvenLoad, fleetDollarsPerHour, machinesFor } from "./fleet.ts";
import type { Replica } from "./fleet.ts";

const plan = { requestsPerSecond: 10_000, headRoom: 0.5, spares: 1 };

describe("a fleet", () => {
  it("is whole machines with head-room, and the spares", () => {
    expect(machinesFor({ capacityPerSecond: 200 }, plan)).toBe(100 + 1);
    expect(machinesFor({ capacityPerSecond: 201 }, plan)).toBe(100 + 1);
    expect(machinesFor({ capacityPerSecond: 199 }, plan)).toBe(101 + 1);
    expect(machinesFor({ capacityPerSecond: 1e6 }, { ...plan, spares: 0 })).toBe(1);
    expect(fleetDollarsPerHour({ capacityPerSecond: 200, dollarsPerHour: 0.5 }, plan)).toBe(50.5);
  });
});

describe("the break-even load", () => {
  const idle = { headRoom: 0, spares: 0 };
  it("is where the dear, fast machine replaces enough of the cheap, slow ones", () => {
    // One machine of 10 carries 1,000; of the slow ones at 1 for 50, nine are still cheaper.
    const fast = { capacityPerSecond: 1000, dollarsPerHour: 10 };
    const slow = { capacityPerSecond: 50, dollarsPerHour: 1 };
    expect(breakEvenLoad(fast, slow, idle)).toBe(9 * 50);
    // With half as head-room and a spare, three fast ones are 30: 28 slow ones and a spare are 29.
    expect(breakEvenLoad(fast, slow, { headRoom: 0.5, spares: 1 })).toBe(28 * 25);
  });

  it("is 0 for what is cheaper at once, null for what stays dearer", () => {
    const held = { capacityPerSecond: 100, dollarsPerHour: 1 };
    expect(breakEvenLoad({ capacityPerSecond: 300, dollarsPerHour: 1 }, held, idle)).toBe(0);
    expect(breakEvenLoad({ capacityPerSecond: 300, dollarsPerHour: 4 }, held, idle)).toBeNull();
    expect(breakEvenLoad(held, held, idle)).toBeNull();
  });

  it("has the mesh cheaper just below it and never above it", () => {
    const replica = fc.record({
      capacityPerSecond: fc.integer({ min: 1, max: 60 }),
      dollarsPerHour: fc.integer({ min: 1, max: 30 }),
    });
    const headRooms = fc.constantFrom(0, 0.25, 0.5);
    fc.assert(
      fc.property(
        replica,
        replica,
        headRooms,
        fc.integer({ min: 0, max: 3 }),
        (own, held, headRoom, spares) => {
          const dearer = (requestsPerSecond: number): boolean => {
            const at = (each: Replica) =>
              fleetDollarsPerHour(each, { requestsPerSecond, headRoom, spares });
            return at(own) > at(held);
          };
          const load = breakEvenLoad(own, held, { headRoom, spares });
          const isCheaper =
            own.dollarsPerHour / own.capacityPerSecond <
            held.dollarsPerHour / held.capacityPerSecond;
          expect(load !== null).toBe(isCheaper);
          fc.pre(load !== null);
          expect(dearer(load)).toBe(load > 0);
          // Costs change only where a machine is added, so it is enough to look just beyond.
          for (let above = load + 0.001; above < load + 200; above += 0.25) {
            expect([above, dearer(above)]).toEqual([above, false]);
          }
        },
      ),
      { numRuns: 40 },
    );
  });
});
