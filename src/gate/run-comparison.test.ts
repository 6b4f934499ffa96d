import { describe, expect, it } from "vitest";
import { MESH, MODEL, sampleResult, smallSample } from "../result/sample-result.fixture.ts";
import type { Result } from "../result/schema.ts";
import { comparisonSentence } from "./comparison-sentence.ts";
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

  it("have the throughput and the tail at the other loads that both measured", () => {
    const at = (result: Result, rate: number): Result => {
      const other = result.points.map((point) => ({
        ...point,
        key: `${point.system}/open@${rate}/${point.round}`,
        load: "open",
        offeredPerSecond: rate,
      }));
      return { ...result, points: [...result.points, ...other] };
    };
    expect(compareRuns(before, after).otherLoads).toEqual([]);
    const { otherLoads } = compareRuns(at(at(before, 100), 200), at(after, 100));
    expect(otherLoads.map(({ subject, metric, load }) => [subject, metric, load])).toEqual([
      ["mesh", "throughput", "open@100"],
      ["mesh", "p99", "open@100"],
      ["model", "throughput", "open@100"],
      ["model", "p99", "open@100"],
    ]);
    expect(otherLoads[2]).toMatchObject({ verdict: "better", rounds: [5, 5] });
  });

  it("say in a sentence what has changed, or why nothing is said", () => {
    expect(comparisonSentence(compareRuns(before, after))).toMatch(
      /^Better: the throughput of model over mesh is 1\.\d+ times what it was \(95% interval .* to .*; 5 rounds before, 5 after\)\.$/,
    );
    expect(comparisonSentence(compareRuns(after, before))).toMatch(
      /^Worse: .* is only 0\.\d+ times/,
    );
    const same = comparisonSentence(compareRuns(before, before));
    expect(same).toMatch(/^It is not settled .* came out at 1\.00 times/);
    const moved = { ...after, machine: { ...after.machine, class: "other" } };
    expect(comparisonSentence(compareRuns(before, moved))).toContain(
      "not answer the same question",
    );
    expect(comparisonSentence(compareRuns(before, { ...after, systems: {} }))).toBe(
      "No system is in both runs.",
    );
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
