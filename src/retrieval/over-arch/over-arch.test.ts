import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Random } from "../../math/random.ts";
import { catalogueOf } from "../catalogue-fixture.ts";
import { DenseStack } from "../dense-layer.ts";
import type { ModelSpec } from "../model-spec.ts";
import { createModel } from "../model.ts";
import { embeddingCache } from "./embedding-cache.ts";
import { ItemFeatures } from "./item-features.ts";
import { overArchScorer } from "./over-arch-scorer.ts";
import type { OverArch } from "./over-arch.ts";

const base: ModelSpec = {
  heads: 2,
  candidates: 100,
  tower: { kind: "mlp", hidden: [] },
  overarch: "mol",
  tasks: ["click", "watch"],
  mol: { userGroups: 3, itemGroups: 2, dim: 4, gateHidden: 5, temperature: 0.1 },
  mlp: { hidden: [6, 3] },
  value: "click",
  seed: 5,
};
const dims = { userDim: 6, dim: 4, denseDim: 1 };

function overArchOf(change: Partial<ModelSpec> = {}): OverArch {
  const { overArch } = createModel({ ...base, ...change }, dims);
  if (overArch === null) throw new Error("expected an OverArch");
  return overArch;
}

function logitsOf(overArch: OverArch, u: Float64Array, x: Float64Array): Float64Array {
  const scorer = overArchScorer(overArch);
  const side = new Float64Array(scorer.itemWidth);
  scorer.itemSide(x, side);
  const logits = new Float64Array(overArch.tasks);
  scorer.logits(scorer.userSide(u), side, Float64Array.of(0.5, -1), logits);
  return logits;
}

const numbers = (length: number): fc.Arbitrary<Float64Array> =>
  fc
    .array(fc.double({ min: -10, max: 10, noNaN: true }), { minLength: length, maxLength: length })
    .map((values) => Float64Array.from(values));

const random = new Random(1);
const items = {
  ...catalogueOf(
    Array.from({ length: 7 }, () => Array.from({ length: 4 }, () => random.gaussian())),
  ),
  denseDim: 1,
  dense: Float32Array.from({ length: 7 }, () => random.gaussian()),
};

describe("a mixture of logits", () => {
  it("of one pair is the cosine of the two components over the temperature", () => {
    const mol = { userGroups: 1, itemGroups: 1, dim: 3, gateHidden: 2, temperature: 0.25 };
    const overArch = overArchOf({ mol, tasks: ["task"] });
    if (overArch.kind !== "mol") throw new Error("expected a mixture");
    const [u, x] = [Float64Array.of(1, 2, 3, 4, 5, 6), Float64Array.of(1, -1, 2, 0, 3)];
    const a = new DenseStack([overArch.userComponents]).apply(u);
    const b = new DenseStack([overArch.itemComponents]).apply(x);
    const inner = a.reduce((sum, value, at) => sum + value * b[at]!, 0);
    const cosine = inner / Math.hypot(...a) / Math.hypot(...b);
    expect(logitsOf(overArch, u, x)[0]).toBeCloseTo(cosine / 0.25, 12);
  });

  it("never leaves what its temperature allows, and is 0 for an item or user of zeros", () => {
    const overArch = overArchOf();
    fc.assert(
      fc.property(numbers(6), numbers(5), (u, x) => {
        for (const logit of logitsOf(overArch, u, x)) {
          expect(Math.abs(logit)).toBeLessThanOrEqual(10 * (1 + 1e-9));
        }
      }),
    );
    const zeros = new Float64Array(6);
    expect([...logitsOf(overArch, zeros, Float64Array.of(1, 2, 3, 4, 5))]).toEqual([0, 0]);
  });

  it("has a gate a task, so that the tasks differ", () => {
    const [click, watch] = logitsOf(
      overArchOf(),
      Float64Array.of(1, 2, 3, 4, 5, 6),
      Float64Array.of(1, -1, 2, 0, 3),
    );
    expect(click).not.toBeCloseTo(watch!, 3);
  });
});

describe("an OverArch's weights", () => {
  it("follow from the seed, and of one part only from that part's sizes", () => {
    expect(overArchOf()).toEqual(overArchOf());
    const [one, two] = [overArchOf({ tasks: ["click"] }), overArchOf()];
    if (one.kind !== "mol" || two.kind !== "mol") throw new Error("expected mixtures");
    expect(two.gates[0]).toEqual(one.gates[0]);
    expect(two.itemComponents).toEqual(one.itemComponents);
    expect(overArchOf({ seed: 6 })).not.toEqual(two);
  });

  it("are Gaussian over the square root of the whole fan-in, though kept in parts", () => {
    const overArch = overArchOf({ overarch: "mlp", mlp: { hidden: [2000] } });
    if (overArch.kind !== "mlp") throw new Error("expected an MLP");
    const { user, item, products } = overArch.first;
    const all = [...user, ...item, ...products];
    const variance = all.reduce((sum, weight) => sum + weight ** 2, 0) / all.length;
    // 26,000 draws; userDim + itemDim + heads = 13 inputs.
    expect(Math.abs(variance * 13 - 1)).toBeLessThan(0.05);
  });
});

describe("the embedding cache", () => {
  it.each(["mol", "mlp"] as const)("is the item's side of %s, row by row", (overarch) => {
    const overArch = overArchOf({ overarch });
    const cache = embeddingCache(overArch, items, 2, 6);
    const [first, rest] =
      cache.kind === "mol" ? [cache.components, cache.gates] : [cache.hidden, new Float32Array(0)];
    const scorer = overArchScorer(overArch);
    const features = new ItemFeatures(items);
    const side = new Float64Array(scorer.itemWidth);
    for (let row = 2; row < 6; row++) {
      const x = features.of(row);
      expect([...x]).toEqual([
        ...items.embeddings.subarray(row * 4, row * 4 + 4),
        items.dense[row],
      ]);
      scorer.itemSide(x, side);
      const [a, b] = [first.length / 4, rest.length / 4];
      const cached = [
        ...first.subarray((row - 2) * a, (row - 1) * a),
        ...rest.subarray((row - 2) * b, (row - 1) * b),
      ];
      expect(cached).toEqual([...Float32Array.from(side)]);
    }
  });

  it("holds, for each item of MoL, components of length 1 and a gate of every pair and task", () => {
    const cache = embeddingCache(overArchOf(), items, 0, 7);
    if (cache.kind !== "mol") throw new Error("expected a mixture");
    expect(cache.components).toHaveLength(7 * 2 * 4);
    expect(cache.gates).toHaveLength(7 * 2 * 6);
    for (let at = 0; at < cache.components.length; at += 4) {
      expect(Math.hypot(...cache.components.subarray(at, at + 4))).toBeCloseTo(1, 6);
    }
  });
});
