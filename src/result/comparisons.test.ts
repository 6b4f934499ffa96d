import { describe, expect, it } from "vitest";
import { compareSystems } from "./comparisons.ts";
import { pairsByRound } from "./pairs.ts";
import { alteredSample, MESH, MODEL, sampleResult, smallSample } from "./sample-result.fixture.ts";
import type { Comparison, Result } from "./schema.ts";
import { standingOf } from "./standing.ts";

describe("comparisons", () => {
  const { result } = sampleResult({ samplesPerPoint: 500 });

  it("hold each system against the mesh, and challengers against the mesh in one process", () => {
    const sides = new Set(result.comparisons.map(({ of, over }) => `${of} over ${over}`));
    expect([...sides]).toEqual([
      "mesh-in-process over mesh",
      "model over mesh",
      "model over mesh-in-process",
    ]);
    const metrics = new Set(result.comparisons.map(({ metric }) => metric));
    expect([...metrics]).toEqual(["throughput", "goodput", "p50", "p99", "cpu"]);
  });

  it("hold a challenger on a GPU against the mesh that has one, too", () => {
    const { mesh, model } = result.systems as Record<"mesh" | "model", Result["systems"][string]>;
    const systems = {
      ...result.systems,
      "mesh-cuda": { ...mesh, device: "cuda" },
      "model-cuda": { ...model, device: "cuda" },
    };
    const found = compareSystems({ ...result, systems });
    const sides = new Set(found.map(({ of, over }) => `${of} over ${over}`));
    expect([...sides]).toEqual([
      "mesh-in-process over mesh",
      "model over mesh",
      "mesh-cuda over mesh",
      "model-cuda over mesh",
      "model over mesh-in-process",
      "model-cuda over mesh-in-process",
      "model-cuda over mesh-cuda",
    ]);
  });

  it("find the ratio that the sample was made with, and which way is better", () => {
    const made = MODEL.throughput / MESH.throughput;
    expect(modelOverMesh(result, "throughput").low).toBeLessThan(made);
    expect(modelOverMesh(result, "throughput").high).toBeGreaterThan(made);
    expect(modelOverMesh(result, "throughput")).toMatchObject({
      n: 5,
      verdict: "better",
      recallAt: 0.95,
    });
    expect(modelOverMesh(result, "p99")).toMatchObject({ verdict: "better" });
    expect(modelOverMesh(result, "p99").ratio).toBeLessThan(1);
    expect(modelOverMesh(result, "cpu").ratio).toBeCloseTo(MODEL.cpuMs / MESH.cpuMs, 2);
  });

  it("make no pair of what was measured before a run was cut short and what came after", () => {
    const resumed = alteredSample("mesh/closed/2", { sitting: 2 });
    expect(modelOverMesh(resumed, "throughput").n).toBe(4);
    expect(resumed.points.filter(({ system }) => system === "mesh")).toHaveLength(5);
  });

  it("pair by round and leave out a round that is invalid on one side", () => {
    const four = alteredSample("mesh/closed/2", { verdict: "invalid", reasons: ["throttled"] });
    const pairs = pairsByRound(standingOf(four, "model"), standingOf(four, "mesh"), "throughput");
    expect(pairs).toHaveLength(4);
    const firsts = ["model/closed/1", "mesh/closed/1"].map((key) =>
      four.points.find((p) => p.key === key)!,
    );
    expect(pairs[0]).toMatchObject({
      of: firsts[0]!.throughputPerSecond,
      over: firsts[1]!.throughputPerSecond,
    });
    expect(modelOverMesh(four, "throughput").n).toBe(4);
  });

  it("are kept without a ratio where no round is valid", () => {
    const none = alteredSample("mesh", { verdict: "invalid" });
    const [first] = none.comparisons.filter(({ over }) => over === "mesh");
    expect(first).toMatchObject({
      n: 0,
      ratio: null,
      low: null,
      verdict: "inconclusive",
      recallAt: null,
    });
  });

  it("are none without a mesh", () => {
    expect(smallSample({ model: MODEL }).comparisons).toEqual([]);
    expect(compareSystems({ ...result, systems: {} })).toEqual([]);
  });
});

function modelOverMesh(result: Result, metric: string): Comparison {
  return result.comparisons.find(
    (c) => c.of === "model" && c.over === "mesh" && c.metric === metric,
  )!;
}

describe("throughput measured in blocks", () => {
  const blocks = (rate: number): Result["points"][number]["blocks"] =>
    [0.9, 1, 1.1, 1].map((weather) => ({
      seconds: 1,
      throughputPerSecond: rate * weather,
      calibrationMs: 10,
      flagged: false,
    }));
  const alter = (point: Result["points"][number]): Result["points"][number] => ({
    ...point,
    blocks: blocks(point.system === "model" ? 300 : 100),
  });
  const { result } = sampleResult({ samplesPerPoint: 50, alter });
  const of = (metric: string): Comparison =>
    result.comparisons.find(
      (each) => each.metric === metric && each.of === "model" && each.over === "mesh",
    )!;

  it("is paired block by block, bootstrapped from twenty on", () => {
    expect(of("throughput")).toMatchObject({ n: 20, pairs: "blocks", verdict: "better" });
    expect(of("throughput").ratio).toBeCloseTo(3, 9);
    expect(of("throughput").method).toContain("bootstrap of 20 paired blocks");
  });

  it("and all else round by round", () => {
    expect(of("p50")).toMatchObject({ n: 5, pairs: "rounds" });
  });

  it("goes back to rounds where a side stood still for a whole block, which has no ratio", () => {
    const points = result.points.map((point) => {
      if (point.key !== "model/closed/2") return point;
      const [first, ...others] = point.blocks;
      return { ...point, blocks: [{ ...first!, throughputPerSecond: 0 }, ...others] };
    });
    const [throughput] = compareSystems({ ...result, points }).filter(
      (each) => each.of === "model" && each.over === "mesh",
    );
    expect(throughput).toMatchObject({ n: 5, pairs: "rounds" });
  });

  it("leaves out rounds that are not valid on both sides", () => {
    const points = result.points.map((point) =>
      point.key === "mesh/closed/2" ? { ...point, verdict: "invalid" as const } : point,
    );
    const [throughput] = compareSystems({ ...result, points }).filter(
      (each) => each.of === "model" && each.over === "mesh",
    );
    expect(throughput).toMatchObject({ n: 16, pairs: "blocks" });
  });
});
