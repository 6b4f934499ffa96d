import { describe, expect, it } from "vitest";
import { MESH, MODEL, sampleResult, smallSample } from "../result/sample-result.fixture.ts";
import { compareRuns } from "./run-comparison.ts";

const before = smallSample();
const after = sampleResult({
  seed: 11,
  samplesPerPoint: 50,
  behaviours: { mesh: MESH, model: { ...MODEL, throughput: MODEL.throughput * 1.5, cpuMs: 0.2 } },
}).result;

describe("two runs side by side", () => {
  const { rows, gaps, question, surroundings } = compareRuns(before, after);
  const row = (subject: string, metric: string) =>
    rows.find((each) => each.subject === subject && each.metric === metric)!;

  it("have the ratio over the mesh first, freed of the weather", () => {
    expect(rows[0]).toMatchObject({
      subject: "model over mesh",
      verdict: "better",
      rounds: [5, 5],
    });
    expect(rows[0]!.ratio).toBeGreaterThan(1.4);
    expect(rows[0]!.ratio).toBeLessThan(1.6);
    const [ratio, single] = [rows[0]!, row("model", "throughput")];
    expect(ratio.high! / ratio.low!).toBeLessThan(single.high! / single.low!);
  });

  it("have each number of each system, with what is better turned by metric", () => {
    expect(row("model", "cpu").verdict).toBe("better");
    expect(row("model", "recall")).toMatchObject({
      ratio: 1,
      verdict: "same",
      before: 1,
      after: 1,
    });
    expect(row("mesh", "cpu").verdict).toBe("same");
    expect(row("mesh", "throughput").verdict).toBe("inconclusive");
  });

  it("say what only one of them has, and what else differs", () => {
    expect(gaps).toEqual(["mesh-in-process is only in the run before"]);
    expect([question, surroundings]).toEqual([[], []]);
    const settings = { ...after.systems["model"]!.settings, maxBatch: 8 };
    const changed = {
      ...after,
      complete: false,
      silverbench: "0.2.0",
      dataset: { ...after.dataset, hash: "x" },
      machine: { ...after.machine, packages: { ...after.machine.packages, usearch: "3.0.0" } },
      systems: { ...after.systems, model: { ...after.systems["model"]!, settings } },
    };
    const found = compareRuns(after, changed);
    expect(found.question).toEqual([expect.stringContaining("data set hash x")]);
    expect(found.gaps).toEqual(["the run after did not complete"]);
    expect(found.surroundings).toEqual([
      "silverbench: 0.1.0 before, 0.2.0 after",
      "usearch: 2.25.3 before, 3.0.0 after",
      "model maxBatch: 64 before, 8 after",
    ]);
  });

  it("state no ratio where a round lacks the number", () => {
    const blind = {
      ...after,
      points: after.points.map((point) => ({ ...point, cpuSeconds: null })),
    };
    const found = compareRuns(before, blind).rows.find(
      ({ subject, metric }) => subject === "model" && metric === "cpu",
    );
    expect(found).toMatchObject({ after: null, ratio: null, verdict: "inconclusive" });
  });
});
