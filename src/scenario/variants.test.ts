import { expect, test } from "vitest";
import { systemSpec } from "./schema.ts";
import { expandVariants } from "./variants.ts";

test("no sweep is one variant without a label", () => {
  const spec = systemSpec.parse({ kind: "mesh" });
  expect(expandVariants(spec)).toEqual([{ label: "", settings: spec.settings }]);
});

test("a sweep is the cross product of its knobs, nested ones by path", () => {
  const spec = systemSpec.parse({
    kind: "mesh",
    sweep: { "index.expansionSearch": [64, 128], maxBatch: [1, 8] },
  });
  const variants = expandVariants(spec);
  expect(variants.map(({ label }) => label)).toEqual([
    "index.expansionSearch=64,maxBatch=1",
    "index.expansionSearch=64,maxBatch=8",
    "index.expansionSearch=128,maxBatch=1",
    "index.expansionSearch=128,maxBatch=8",
  ]);
  expect(variants[3]!.settings).toMatchObject({ maxBatch: 8, index: { expansionSearch: 128 } });
  expect(spec.settings).toMatchObject({ maxBatch: 64, index: { expansionSearch: 256 } });
});

test("a nested knob that is not there is refused by name", () => {
  const spec = systemSpec.parse({ kind: "mesh", sweep: { "index.depth": [1] } });
  expect(() => expandVariants(spec)).toThrow(/"index\.depth" is not a setting/);
});
