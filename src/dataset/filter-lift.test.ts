import { describe, expect, it } from "vitest";
import type { Dataset } from "./dataset.ts";
import { filterLifts } from "./filter-lift.ts";
import { generateRequests } from "./requests.ts";
import { generateSynthetic } from "./synthetic.ts";

const parts = await generateSynthetic(
  { kind: "synthetic", items: 20_000, dim: 16, users: 300, noise: 0.6, zipf: 0.8 },
  1,
  { onProgress: () => {}, signal: new AbortController().signal },
);
const dataset: Dataset = { ...parts, hash: "", folder: "" };

/** Share of the items that `u < 20` and the like pass, roughly; what matters is the lift over it. */
function liftOf(template: string, passRate: number, data = dataset): number | null {
  const filters = [{ weight: 1, template }];
  const spec = { distinct: 100, reuse: "none" as const, k: 10, filters, exclude: 0 };
  return filterLifts(data, generateRequests(spec, 2, dataset), [passRate])[0]!;
}

describe("the lift of a filter", () => {
  it("is 1 without a filter, and about 1 where nearness does not matter", () => {
    expect(liftOf("", 1)).toBe(1);
    expect(liftOf("u < 20", 0.2)).toBeCloseTo(1, 1);
  });

  it("is above 1 where what passes lies near the user, below it where it lies elsewhere", () => {
    expect(liftOf("topic:{topic near}", 0.02)).toBeGreaterThan(4);
    expect(liftOf("topic:{topic}", 0.02)).toBeLessThan(0.5);
  });

  it("is not known where nothing passes, or users and items cannot be held together", () => {
    expect(liftOf("u < 20", 0)).toBeNull();
    const wider = { ...dataset, users: { ...dataset.users, dim: 8 } };
    expect(liftOf("u < 20", 0.2, wider)).toBeNull();
  });
});
