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

test("a sweep over groups of settings varies several at once", () => {
  const spec = systemSpec.parse({
    kind: "mesh",
    settings: { maxBatch: 8, index: { connectivity: 32 } },
    sweep: { index: [{ kind: "flat" }, { kind: "ivf-int8", probes: 32 }] },
  });
  const [flat, inverted] = expandVariants(spec);
  expect(flat!.label).toBe("index.kind=flat");
  expect(inverted!.label).toBe("index.kind=ivf-int8,index.probes=32");
  expect(inverted!.settings).toMatchObject({
    maxBatch: 8,
    index: { connectivity: 16, probes: 32 },
  });
});
