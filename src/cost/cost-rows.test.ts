import { describe, expect, it } from "vitest";
import { alteredSample, smallSample } from "../result/sample-result.fixture.ts";
import type { CostRow, Point, Result } from "../result/schema.ts";
import { loadPrices } from "../scenario/prices.ts";
import type { PriceSheet } from "../scenario/prices.ts";
import { costRows } from "./cost-rows.ts";
import { cheapestCpu, smallestShape } from "./machines.ts";

const folder = new URL("../../scenarios/prices/", import.meta.url).pathname;
const paper = await loadPrices(`${folder}paper.yaml`);
const example = await loadPrices(`${folder}example.yaml`);

const exact: Partial<Point> = {
  throughputPerSecond: 500,
  completed: 2000,
  cpuSeconds: 4,
  rssBytes: 1e9,
};

function rowOf(result: Result, sheet: PriceSheet, system: string, basis: string): CostRow {
  return costRows(result, sheet).rows.find((row) => row.system === system && row.basis === basis)!;
}

describe("the cost of a system", () => {
  it("in machines is the whole smallest machine at the measured throughput", () => {
    // 500 requests/s on one vCPU and 0.93 GiB: example-1x4 at $0.05/h, 1.8 million requests an hour.
    const row = rowOf(alteredSample("model", exact), example, "model", "machines");
    expect(row).toMatchObject({
      shape: "example-1x4",
      dollarsPerHour: 0.05,
      requestsPerSecond: 500,
    });
    expect(row.dollarsPerMillion).toBeCloseTo(0.05 / 1.8, 12);
    expect(row.requestsPerDollar).toBeCloseTo(36_000_000, 3);
    expect(row.sheet).toBe("example, 2026-11-22");
  });

  it("in resources is the CPU time at the sheet's vCPU price", () => {
    // 2 CPU ms a request at 500 a second: one core busy, $0.05 an hour for each vCPU.
    const row = rowOf(
      alteredSample("model", { ...exact, rssBytes: 100e9 }),
      example,
      "model",
      "resources",
    );
    expect(row.dollarsPerHour).toBeCloseTo(0.05, 12);
    const idle = rowOf(
      alteredSample("model", { ...exact, cpuSeconds: 1 }),
      example,
      "model",
      "resources",
    );
    expect(idle.dollarsPerMillion).toBeCloseTo(row.dollarsPerMillion / 4, 12);
  });

  it("follows the memory to a larger machine", () => {
    const row = rowOf(
      alteredSample("model", { ...exact, rssBytes: 20e9 }),
      example,
      "model",
      "machines",
    );
    expect(row.shape).toBe("example-8x32");
  });

  it("is compared with the mesh's on the same basis", () => {
    const { rows } = costRows(smallSample(), example);
    const find = (system: string, basis: string) =>
      rows.find((row) => row.system === system && row.basis === basis)!;
    for (const basis of ["machines", "resources"]) {
      expect(find("mesh", basis).efficiency).toBe(1);
      const ratio = find("model", basis).requestsPerDollar / find("mesh", basis).requestsPerDollar;
      expect(find("model", basis).efficiency).toBeCloseTo(ratio, 12);
    }
  });

  it("is not stated for what misses the recall target, nor for no valid round", () => {
    for (const change of [{ recall: 0.5 }, { verdict: "invalid" }] as const) {
      const { rows } = costRows(alteredSample("model", change), example);
      expect(rows.map(({ system }) => system)).not.toContain("model");
    }
  });

  it("is doubted where no machine holds the system or the prices are made up", () => {
    const { rows, doubts } = costRows(alteredSample("model", { rssBytes: 1e13 }), example);
    expect(doubts.map(({ code }) => code)).toEqual(["example-prices", "no-fitting-shape"]);
    expect(rows.filter(({ system }) => system === "model").map(({ basis }) => basis)).toEqual([
      "resources",
    ]);
    expect(costRows(smallSample(), paper).doubts).toEqual([]);
  });

  it("needs a machine with a GPU for a system that uses one, and has then no CPU-only row", () => {
    const gpu = { busySeconds: 1, memoryBytes: 1e9, watts: null };
    const { rows } = costRows(alteredSample("model", { gpu }), paper);
    const own = rows.filter(({ system }) => system === "model");
    expect(own.map(({ basis, shape }) => [basis, shape])).toEqual([["machines", "p4d.24xlarge"]]);
  });
});

describe("machines", () => {
  it("prefer the cheapest that holds all that is needed", () => {
    const needs = { cores: 40, memoryBytes: 0, gpus: 0 };
    expect(smallestShape(paper, needs)!.name).toBe("x2idn.24xlarge");
    expect(smallestShape(paper, { ...needs, cores: 97 })).toBeNull();
    expect(cheapestCpu(paper)!.name).toBe("r6i.8xlarge");
  });
});
