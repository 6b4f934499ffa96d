import { describe, expect, it } from "vitest";
import { MESH, smallSample } from "../result/sample-result.fixture.ts";
import type { Result } from "../result/schema.ts";
import { checkComparable, questionDifferences } from "./comparable.ts";
import { missingFromReference, referenceGates } from "./coverage.ts";

const sample = smallSample();

describe("a result and its reference", () => {
  it("may differ in settings, versions and time", () => {
    const model = { ...sample.systems["model"]!, settings: { maxBatch: 8 }, engine: "fused" };
    const other = {
      ...sample,
      silverbench: "9",
      startedAt: "2030",
      systems: { ...sample.systems, model },
    };
    expect(questionDifferences(sample, other)).toEqual([]);
    expect(() => checkComparable(sample, other)).not.toThrow();
  });

  it.each<[string, Partial<Result>, string]>([
    [
      "machine",
      { machine: { ...sample.machine, class: "other" } },
      "machine class 5e1fbe2c, there other",
    ],
    [
      "data",
      { dataset: { ...sample.dataset, hash: "x" } },
      "data set hash 9b1d44e07c2f8a35, there x",
    ],
    ["k", { dataset: { ...sample.dataset, k: 10 } }, "k 100, there 10"],
    ["filters", { dataset: { ...sample.dataset, filters: [] } }, "filters"],
    ["model", { model: { ...sample.model, heads: 2 } }, "model"],
    ["requests", { seeds: { ...sample.seeds, requests: 9 } }, "seed of requests 2, there 9"],
    [
      "load",
      { scenario: { ...sample.scenario, loads: { closed: { shape: "closed", inFlight: 1 } } } },
      "load closed",
    ],
    ["objective", { scenario: { ...sample.scenario, slo: { p99Ms: 1, recall: 0 } } }, "objective"],
    [
      "CPUs",
      { systems: { ...sample.systems, model: { ...sample.systems["model"]!, cpus: [1, 2] } } },
      "CPUs of model 1, there 2",
    ],
  ])("must have the same %s", (_, change, said) => {
    const found = questionDifferences(sample, { ...sample, ...change });
    expect(found).toHaveLength(1);
    expect(found[0]).toContain(said);
  });

  it("are refused with every difference named", () => {
    const other = {
      ...sample,
      machine: { ...sample.machine, class: "other" },
      dataset: { ...sample.dataset, hash: "x" },
    };
    const refused = () => checkComparable(sample, other);
    expect(refused).toThrow(expect.objectContaining({ code: "DATA" }));
    expect(refused).toThrow(/machine class.*data set hash/);
  });
});

describe("what the reference measured", () => {
  it("must be in the result: a system renamed or a load gone is invalid", () => {
    expect(missingFromReference(sample, sample)).toEqual([]);
    const renamed = smallSample({ mesh: MESH, modle: MESH });
    expect(
      missingFromReference(renamed, sample).map(({ expression, verdict }) => [expression, verdict]),
    ).toEqual([
      ["measured(mesh-in-process, closed)", "invalid"],
      ["measured(model, closed)", "invalid"],
    ]);
    const moved = { ...sample, points: sample.points.map((point) => ({ ...point, load: "open" })) };
    expect(missingFromReference(moved, sample)).toHaveLength(3);
    expect(missingFromReference({ ...sample, points: [] }, sample)).toHaveLength(3);
  });

  it("must be there at each rate that the scenario states", () => {
    const scenario = {
      ...sample.scenario,
      loads: { closed: { shape: "server", ratePerSecond: [100, 200] } },
    };
    const at = (offeredPerSecond: number) =>
      sample.points.map((point) => ({
        ...point,
        key: `${point.system}/closed@${offeredPerSecond}/${point.round}`,
        offeredPerSecond,
      }));
    const both = { ...sample, scenario, points: [...at(100), ...at(200)] };
    const one = { ...both, points: at(100) };
    expect(missingFromReference(both, both)).toEqual([]);
    expect(missingFromReference(one, both).map(({ expression }) => expression)).toContain(
      "measured(model, closed@200)",
    );
  });

  it("is what is asked again where nobody says what", () => {
    expect(referenceGates(sample)).toEqual([
      "throughput(mesh-in-process)/throughput(mesh) >= 0.9 * reference",
      "throughput(model)/throughput(mesh) >= 0.9 * reference",
    ]);
    expect(referenceGates(smallSample({ model: MESH }))).toEqual([
      "throughput(model) >= 0.9 * reference",
    ]);
  });
});
