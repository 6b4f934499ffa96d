import { describe, expect, test } from "vitest";
import {
  alteredSample,
  MESH,
  MODEL,
  sampleResult,
  smallSample,
} from "../result/sample-result.fixture.ts";
import type { GateVerdict } from "../result/schema.ts";
import type { ExitCode } from "./exit-code.ts";
import { outcomeExitCode, outcomeJson, outcomeText, wrapped } from "./outcome-text.ts";

const gate = (verdict: GateVerdict["verdict"]): GateVerdict => ({
  expression: "recall(model) >= 0.95",
  verdict,
  value: 0.9,
  low: null,
  high: null,
  limit: 0.95,
  reference: null,
  n: 5,
  reason: "it is 0.9 in the median of 5 rounds.",
});

describe("what a person reads after a run", () => {
  const result = smallSample();
  const text = outcomeText(result, [gate("regression")], 80);

  test("has a column for each system and a row for each number", () => {
    expect(text).toMatch(/^ +mesh +mesh-in-process +model *$/m);
    for (const row of ["requests a second", "p99, ms", "recall", "violations", "short answers"]) {
      expect(text).toMatch(new RegExp(`^ ?${row}( +[\\d.,]+){3}`, "m"));
    }
    expect(text).toMatch(/^ throughput over mesh +- +[\d.]+x +[\d.]+x$/m);
    expect(text).toMatch(/^ {3}95% interval +- +- +[\d.]+ to [\d.]+$/m);
    expect(text).toContain("5 of 5");
  });

  test("has no ratio of a system that finds too little", () => {
    const poor = { ...MODEL, recall: 0.8 };
    const found = outcomeText(smallSample({ mesh: MESH, model: poor }), [], 80);
    expect(found).toContain("No ratio is stated: of model, its recall is 0.8");
    expect(found).not.toContain("throughput over mesh");
  });

  test("fits the terminal", () => {
    for (const columns of [80, 120]) {
      const lines = outcomeText(result, [], columns).split("\n");
      expect(lines.filter((line) => line.length > columns)).toEqual([]);
    }
  });

  test("says the answer, the verdicts and the doubts, and that a run is incomplete", () => {
    expect(text).toContain("At recall 0.95 or better, model answers");
    expect(text).toContain("gate REGRESSION: recall(model) >= 0.95");
    expect(text).toContain("Reasons for doubt:");
    const cut = sampleResult({ complete: false, samplesPerPoint: 50 }).result;
    expect(outcomeText(cut, [], 80)).toContain("INCOMPLETE: the process index of mesh died");
  });

  test("a script gets the same numbers by name", () => {
    const { systems, answer } = outcomeJson(result, [], "/bundle");
    expect(systems).toMatchObject({ model: { recall: 1, violations: 0 } });
    expect(answer).toContain("model answers");
  });
});

describe("a run's exit code", () => {
  const sound = smallSample();

  test.for<[GateVerdict["verdict"][], ExitCode]>([
    [[], 0],
    [["pass", "pass"], 0],
    [["pass", "regression", "inconclusive"], 3],
    [["inconclusive"], 4],
    [["regression", "invalid"], 5],
  ])("gates %j give %i", ([verdicts, code]) => {
    expect(outcomeExitCode(sound, verdicts.map(gate))).toBe(code);
  });

  test("a system without a valid round, or a run that did not end, is invalid", () => {
    const invalid = alteredSample("model", { verdict: "invalid", reasons: ["too slow"] });
    expect(outcomeExitCode(invalid, [gate("pass")])).toBe(5);
    const cut = sampleResult({ complete: false, samplesPerPoint: 50 }).result;
    expect(outcomeExitCode(cut, [])).toBe(5);
  });
});

test("long lines break between words, tables do not", () => {
  expect(wrapped("one two three", 8)).toBe("one two\n  three");
  expect(wrapped("one   two three", 8)).toBe("one   two three");
});
