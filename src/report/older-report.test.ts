import { expect, test } from "vitest";
import type { Result } from "../result/schema.ts";
import { decidedSample } from "./decided-result.fixture.ts";
import { renderPrometheus } from "./prometheus.ts";
import { renderReport } from "./render-report.ts";
import { renderSummary } from "./summary-markdown.ts";

test("a result from before fleets were planned still has its cost on the page", async () => {
  const { result, samples } = await decidedSample({ rounds: 2, samplesPerPoint: 50 });
  const unplanned = {
    machines: null,
    capacityPerSecond: null,
    plan: null,
    hostShare: null,
    breakEven: null,
    cpuSecondsPerMillion: null,
  };
  const older: Result = { ...result, cost: result.cost.map((row) => ({ ...row, ...unplanned })) };
  const page = renderReport(older, samples);
  expect(page).toContain('data-for="chart-cost-machines"');
  expect(page).not.toContain('data-for="chart-cost-fleets"');
  expect(page).not.toContain("Break-even with the mesh");
  const cost = page.slice(page.indexOf('id="cost"'), page.indexOf('id="operate"'));
  for (const text of [cost, renderSummary(older), renderPrometheus(older)]) {
    expect(text).not.toMatch(/NaN|undefined/);
  }
});
