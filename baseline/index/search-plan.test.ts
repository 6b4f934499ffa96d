import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Join, narrowed, planProbe, planSearch, widenWalk } from "./search-plan.ts";

const auto = { join: "auto", expansionSearch: 256, exactBelow: "auto" } as const;

describe("the plan of a search", () => {
  it("walks the graph of a large catalogue without a filter, as wide as the index does anyway", () => {
    const shape = { items: 1_000_000, k: 100, eligible: 1_000_000, excluded: 20 };
    expect(planSearch(shape, auto)).toEqual({ kind: "walk", wanted: 256 });
  });

  it("hands over no more of a walk than may be answered, where all pass", () => {
    const walk = { kind: "walk", wanted: 256 } as const;
    const shape = { items: 1_000, k: 100, eligible: 1_000, excluded: 20 };
    expect(narrowed(walk, shape)).toEqual({ kind: "walk", wanted: 120 });
    expect(narrowed(walk, { ...shape, excluded: 900 })).toEqual({ kind: "walk", wanted: 200 });
    expect(narrowed(walk, { ...shape, k: 300 })).toEqual(walk);
    expect(narrowed(walk, { ...shape, eligible: 999 })).toEqual(walk);
  });

  it("scores exactly where few pass", () => {
    const shape = { items: 1_000_000, k: 100, eligible: 5_000, excluded: 0 };
    expect(planSearch(shape, auto)).toEqual({ kind: "exact" });
  });

  it("walks for twice as many where half pass", () => {
    const shape = { items: 1_000_000, k: 100, eligible: 500_000, excluded: 0 };
    expect(planSearch(shape, auto)).toEqual({ kind: "walk", wanted: 512 });
  });

  it("prefers the scan, which cannot fail, where a filtered walk would save less than half", () => {
    const shape = { items: 1_000_000, k: 100, eligible: 200_000, excluded: 0 };
    expect(planSearch(shape, auto)).toEqual({ kind: "exact" });
    expect(planSearch({ ...shape, eligible: 250_000 }, auto).kind).toBe("walk");
  });

  it("walks for all that are wanted and those that may be excluded of them", () => {
    const shape = { items: 1_000_000, k: 400, eligible: 1_000_000, excluded: 30 };
    expect(planSearch(shape, auto)).toEqual({ kind: "walk", wanted: 430 });
    expect(planSearch({ ...shape, excluded: 10_000 }, auto)).toEqual({ kind: "walk", wanted: 800 });
  });

  it("takes a stated share at its word", () => {
    const shape = { items: 1_000_000, k: 100, eligible: 100_000, excluded: 0 };
    expect(planSearch(shape, { ...auto, exactBelow: 0.2 })).toEqual({ kind: "exact" });
    expect(planSearch(shape, { ...auto, exactBelow: 0 })).toEqual({ kind: "walk", wanted: 2_560 });
  });

  it("scores exactly where everything that passes is wanted", () => {
    const shape = { items: 1_000_000, k: 100, eligible: 110, excluded: 10 };
    expect(planSearch(shape, { ...auto, exactBelow: 0 })).toEqual({ kind: "exact" });
  });

  it("widens a walk twofold until the graph is exhausted or a scan costs less", () => {
    const shape = { items: 1_000_000, k: 100, eligible: 500_000, excluded: 0 };
    expect(widenWalk(shape, { wanted: 256, found: 256 }, "auto")).toBe(512);
    expect(widenWalk(shape, { wanted: 256, found: 255 }, "auto")).toBeNull();
    expect(widenWalk(shape, { wanted: 4_096, found: 4_096 }, "auto")).toBeNull();
    expect(
      widenWalk({ ...shape, items: 500, eligible: 400 }, { wanted: 256, found: 256 }, "auto"),
    ).toBeNull();
  });

  it("does as it is told, unless all that pass are wanted", () => {
    const shape = { items: 1_000_000, k: 100, eligible: 5_000, excluded: 0 };
    const lists = { probes: 16, clusters: 4_000 };
    const plans = (join: Join, eligible = 5_000): readonly [string, string] => [
      planSearch({ ...shape, eligible }, { ...auto, join }).kind,
      planProbe({ ...shape, eligible }, { ...auto, join }, lists).kind,
    ];
    expect(plans("auto", 500_000)).toEqual(["walk", "probe"]);
    expect(plans("auto")).toEqual(["exact", "exact"]);
    expect(plans("pre")[1]).toBe("probe");
    expect(plans("post")).toEqual(["walk", "walk"]);
    expect(plans("post", 100)).toEqual(["exact", "exact"]);
    expect(plans("exact", 1_000_000)).toEqual(["exact", "exact"]);
    expect(widenWalk(shape, { wanted: 4_096, found: 4_096 }, "post")).toBe(8_192);
  });

  it("looks into the more clusters the fewer pass, as long as that costs less than to score them", () => {
    const lists = { probes: 16, clusters: 4_000 };
    const plan = (eligible: number, changes: object = {}) =>
      planProbe(
        { items: 1_000_000, k: 100, eligible, excluded: 0 },
        { ...auto, ...changes },
        lists,
      );
    // About 4,000 rows that pass, and half of them at least.
    expect(plan(1_000_000)).toEqual({ kind: "probe", probes: 16, least: 0 });
    expect(plan(250_000)).toEqual({ kind: "probe", probes: 64, least: 2_000 });
    expect(plan(60_000)).toEqual({ kind: "probe", probes: 267, least: 2_002 });
    expect(plan(50_000)).toEqual({ kind: "exact" });
    expect(plan(50, { join: "pre" })).toEqual({ kind: "probe", probes: 4_000, least: 0 });
    expect(plan(0, { join: "pre" })).toEqual({ kind: "probe", probes: 4_000, least: 0 });
    expect(plan(250_000, { exactBelow: 0.3 })).toEqual({ kind: "exact" });
    expect(plan(50_000, { exactBelow: 0 })).toEqual({ kind: "probe", probes: 320, least: 2_000 });
  });

  it("comes to an end, whatever the shape", () => {
    const shapes = fc.integer({ min: 1, max: 100_000_000 }).chain((items) =>
      fc.record({
        items: fc.constant(items),
        k: fc.integer({ min: 1, max: items }),
        eligible: fc.integer({ min: 0, max: items }),
        excluded: fc.integer({ min: 0, max: 10_000 }),
      }),
    );
    fc.assert(
      fc.property(shapes, fc.constantFrom(0, 0.5, "auto" as const), (shape, exactBelow) => {
        const plan = planSearch(shape, { join: "auto", expansionSearch: 64, exactBelow });
        let wanted = plan.kind === "walk" ? plan.wanted : null;
        for (let steps = 0; wanted !== null; steps++) {
          expect(wanted).toBeLessThan(shape.items);
          expect(steps).toBeLessThan(40);
          wanted = widenWalk(shape, { wanted, found: wanted }, "auto");
        }
      }),
    );
  });
});
