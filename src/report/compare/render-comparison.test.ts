import { describe, expect, it } from "vitest";
import { readResult } from "../../result/bundle.ts";
import { MESH, MODEL, sampleResult, smallSample } from "../../result/sample-result.fixture.ts";
import type { Result } from "../../result/schema.ts";
import { chartSpecs, drawn } from "../drawn-chart.fixture.ts";
import { renderComparison } from "./render-comparison.ts";

const before = smallSample();
const model = { ...MODEL, throughput: MODEL.throughput * 1.5 };
const behaviours = { mesh: MESH, model };
const after = sampleResult({ seed: 11, samplesPerPoint: 2000, behaviours }).result;

describe("the page of two runs", () => {
  it.each<[string, Result, Result]>([
    ["of one question", before, after],
    ["of which one has nothing valid", before, invalid(after)],
    ["of which neither has anything valid", invalid(before), invalid(after)],
    ["with one round each", oneRound(before), oneRound(after)],
    ["without a system in common", smallSample({ mesh: MESH }), smallSample({ model: MODEL })],
  ])("%s draws its charts without a complaint", async (_, then, now) => {
    const page = renderComparison(then, now);
    for (const [id, spec] of chartSpecs(page)) {
      expect([id, (await drawn(spec)).complaints]).toEqual([id, []]);
    }
    expect(page.replaceAll(/<script[^]*?<\/script>/g, "")).not.toMatch(/NaN|undefined|Infinity/);
  });

  it("shows both runs in each chart, and a table behind each", () => {
    const page = renderComparison(before, after);
    const charts = chartSpecs(page);
    expect([...charts.keys()]).toEqual([
      "changes-1",
      "changes-2",
      "changes-3",
      "overlay-throughput",
      "overlay-p50",
      "overlay-p99",
      "overlay-cpu",
      "percentiles",
    ]);
    for (const id of ["overlay-throughput", "percentiles"]) {
      const text = JSON.stringify(charts.get(id));
      for (const side of ["before", "after"]) expect(text).toContain(`"side":"${side}"`);
    }
    expect(page.match(/<figure>/g)).toHaveLength(page.match(/<details class="data">/g)!.length);
  });

  it("gives every change one of the four words, with its interval", () => {
    const page = renderComparison(before, after);
    const table = page.slice(page.indexOf('aria-label="Every change at the headline load"'));
    for (const word of ["better", "same", "inconclusive"]) expect(table).toContain(word);
    expect(renderComparison(after, before)).toContain("worse");
  });

  it("states no change between different questions, and says what differs", () => {
    const settings = { ...after.systems["model"]!.settings, maxBatch: 8 };
    const changed = {
      ...after,
      dataset: { ...after.dataset, hash: "another" },
      systems: { ...after.systems, model: { ...after.systems["model"]!, settings } },
    };
    const page = renderComparison(before, changed);
    expect(page).toContain("<strong>Not the same question</strong>");
    expect(page).toContain("No change is stated");
    expect(page).toContain("model maxBatch");
  });

  it("reads a result that an older version published", async () => {
    const folder = new URL("../../../reports/published/", import.meta.url).pathname;
    const [two, sixteen] = await Promise.all(
      ["2-cores", "16-cores"].map((machine) =>
        readResult(`${folder}2026-11-22-quickstart-${machine}/result.json`),
      ),
    );
    const page = renderComparison(two!, sixteen!);
    expect(page).toContain("No change is stated");
    expect(chartSpecs(page).has("overlay-throughput")).toBe(true);
  });

  it("shows a hostile text as text", () => {
    const question = "<script>alert(1)</script>";
    const page = renderComparison(before, { ...after, scenario: { ...after.scenario, question } });
    expect(page).not.toContain(question);
  });
});

function invalid(result: Result): Result {
  const points = result.points.map((point) => ({ ...point, verdict: "invalid" as const }));
  return { ...result, points };
}

function oneRound(result: Result): Result {
  return { ...result, points: result.points.filter(({ round }) => round === 1) };
}
