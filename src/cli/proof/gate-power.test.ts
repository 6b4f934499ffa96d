import { expect, test } from "vitest";
import { MESH, MODEL, sampleResult } from "../../result/sample-result.fixture.ts";
import { verdictsAt } from "./gate-power.ts";

test("on rounds as steady as the sample's, a fifth less is red and none is green, ten times each", () => {
  const results = Array.from(
    { length: 11 },
    (_, i) =>
      sampleResult({
        seed: 100 + i,
        rounds: 15,
        samplesPerPoint: 20,
        behaviours: { mesh: MESH, model: MODEL },
      }).result,
  );
  expect(new Set(verdictsAt(0, results))).toEqual(new Set(["pass"]));
  expect(new Set(verdictsAt(0.2, results))).toEqual(new Set(["regression"]));
  expect(verdictsAt(0.1, results)).toContain("inconclusive");
});
