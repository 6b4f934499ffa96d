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
  it("in machines is a whole fleet for the sheet's load, with head-room and a spare", () => {
    // 500 requests/s on one vCPU and 0.93 GiB: example-1x4. 10,000 / (500 * 0.7) is 28.6: 29 and 1.
    const row = rowOf(alteredSample("model", exact), example, "model", "machines");
    expect(row).toMatchObject({
      shape: "example-1x4",
      machines: 30,
      capacityPerSecond: 500,
      requestsPerSecond: 10_000,
      plan: example.plan,
    });
    expect(row.dollarsPerHour).toBeCloseTo(30 * 0.05, 12);
    expect(row.dollarsPerMillion).toBeCloseTo(1.5 / 36, 12);
    expect(row.requestsPerDollar).toBeCloseTo(24_000_000, 3);
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

  it("is not stated in machines for what answers too slowly", () => {
    const { latencyMs } = smallSample().points[0]!;
    const slow = alteredSample("model", { latencyMs: { ...latencyMs, p99: 201 } });
    const { rows, doubts } = costRows(slow, paper);
    expect(rows.map(({ system }) => system)).not.toContain("model");
    expect(doubts.map(({ text }) => text).join()).toContain(
      "model did not keep its p99 within 200",
    );
  });

  it("takes the fastest rate that kept the objective, not the fastest of all", () => {
    const sample = smallSample();
    const at = (offeredPerSecond: number, p99: number) =>
      sample.points
        .filter(({ system }) => system === "model")
        .map((point) => ({
          ...point,
          key: `model/closed@${offeredPerSecond}/${point.round}`,
          offeredPerSecond,
          throughputPerSecond: offeredPerSecond,
          latencyMs: { ...point.latencyMs, p99 },
        }));
    const points = [...at(100, 20), ...at(200, 190), ...at(300, 400)];
    expect(rowOf({ ...sample, points }, example, "model", "machines").capacityPerSecond).toBe(200);
    const busy = points.map((point) =>
      point.offeredPerSecond === 200 ? { ...point, state: "overloaded" as const } : point,
    );
    const row = rowOf({ ...sample, points: busy }, example, "model", "machines");
    expect(row.capacityPerSecond).toBe(100);
  });

  it("says from which load on it is never dearer than the mesh, and up to which price", () => {
    const row = rowOf(smallSample(), example, "model", "machines");
    const mesh = rowOf(smallSample(), example, "mesh", "machines");
    expect(row.breakEven!.requestsPerSecond).toBe(0);
    expect(row.breakEven!.machineDollarsPerHour! * row.machines!).toBeCloseTo(
      mesh.dollarsPerHour,
      9,
    );
    expect([mesh.breakEven, row.breakEven!.gpuDollarsPerHour]).toEqual([null, null]);
  });
});

describe("the cost of a system with a GPU", () => {
  const gpu = { busySeconds: 1, memoryBytes: 1e9, watts: 400 };
  const change = { ...exact, gpu };

  it("is that of a machine that has one", () => {
    const { shape, hostShare, machines } = rowOf(
      alteredSample("model", change),
      paper,
      "model",
      "machines",
    );
    expect(shape).toBe("p4d.24xlarge");
    // One GPU of eight is used: 13.005 for the host and 2.471 for the GPU, instead of 32.7726.
    expect(hostShare!.dollarsPerHour / machines!).toBeCloseTo(15.476, 3);
    expect(hostShare!.efficiency).toBeGreaterThan(0);
    const whole = rowOf(alteredSample("model", change), example, "model", "machines");
    expect([whole.shape, whole.hostShare]).toEqual(["example-16x128-gpu", null]);
  });

  it("holds GPU seconds at the price of a GPU, and the energy that was measured", () => {
    // 2,000 requests: 4 CPU s at $0.05 a vCPU hour, 1 GPU s at $3.20 an hour, 400 W for 4 s.
    const row = rowOf(alteredSample("model", change), example, "model", "resources");
    expect(row.cpuSecondsPerMillion).toBeCloseTo(2000, 9);
    expect(row.gpuSecondsPerMillion).toBeCloseTo(500, 9);
    expect(row.dollarsPerMillion).toBeCloseTo((2000 * 0.05 + 500 * 3.2) / 3600, 12);
    expect(row.gpuKwhPerMillion).toBeCloseTo((400 * 4 * 500) / 3.6e6, 12);
  });

  it("is not charged for a GPU of the machine that stood idle beside a system on the CPU", () => {
    const idle = alteredSample("model", { ...exact, gpu: { ...gpu, busySeconds: 0 } });
    const rows = costRows(idle, example).rows.filter(({ system }) => system === "model");
    expect(rows.map(({ shape, gpuKwhPerMillion }) => [shape, gpuKwhPerMillion])).toEqual([
      ["example-1x4", null],
      [cheapestCpu(example)!.name, null],
    ]);
    const onGpu = { ...idle.systems["model"]!, device: "cuda" };
    const used = { ...idle, systems: { ...idle.systems, model: onGpu } };
    expect(rowOf(used, example, "model", "machines").shape).toBe("example-16x128-gpu");
  });

  it("has no row in resources where its busy time was not measured", () => {
    const blind = alteredSample("model", { ...change, gpu: { ...gpu, busySeconds: null } });
    const bases = costRows(blind, example).rows.flatMap(({ system, basis }) =>
      system === "model" ? basis : [],
    );
    expect(bases).toEqual(["machines"]);
  });

  it("names the price of a GPU below which it costs less than the mesh", () => {
    const row = rowOf(alteredSample("model", change), example, "model", "machines");
    const { machineDollarsPerHour, gpuDollarsPerHour } = row.breakEven!;
    expect(gpuDollarsPerHour).toBeCloseTo(machineDollarsPerHour! - 0.8, 12);
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
