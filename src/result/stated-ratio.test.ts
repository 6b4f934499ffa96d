import { expect, it } from "vitest";
import { MESH, MODEL, smallSample } from "./sample-result.fixture.ts";
import { statedRatio } from "./stated-ratio.ts";

it("a ratio is stated of systems that both reach the recall", () => {
  const { comparisons } = smallSample();
  const stated = statedRatio(comparisons, "model", "mesh");
  expect(stated).toMatchObject({ metric: "throughput", of: "model", over: "mesh" });
  expect(stated!.ratio).toBeGreaterThan(1);
});

it.each([
  ["the one", { mesh: MESH, model: { ...MODEL, recall: 0.8 } }],
  ["the other", { mesh: { ...MESH, recall: 0.8 }, model: MODEL }],
])("none is stated where %s finds too little", (_, behaviours) => {
  const { comparisons } = smallSample(behaviours);
  expect(comparisons.some(({ ratio }) => ratio !== null)).toBe(true);
  expect(statedRatio(comparisons, "model", "mesh")).toBeNull();
});

it("none is stated over a system that there is not", () => {
  const { comparisons } = smallSample();
  expect(statedRatio(comparisons, "model", undefined)).toBeNull();
  expect(statedRatio(comparisons, "mesh", "model")).toBeNull();
});
