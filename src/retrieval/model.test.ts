import { describe, expect, it } from "vitest";
import type { ModelSpec } from "./model-spec.ts";
import { createModel } from "./model.ts";

const identity: ModelSpec = {
  heads: 1,
  candidates: 100,
  tower: { kind: "identity" },
  overarch: "none",
  value: "score",
  seed: 3,
};
const mlp: ModelSpec = { ...identity, heads: 3, tower: { kind: "mlp", hidden: [32, 16] } };

describe("createModel", () => {
  it("hands a user's features through an identity tower unchanged", () => {
    const model = createModel(identity, { userDim: 3, dim: 3, denseDim: 0 });
    expect(model.layers).toEqual([]);
    expect(model.queryVectors(Float32Array.of(1, -2, 0.5))).toEqual(Float64Array.of(1, -2, 0.5));
  });

  it("gives the same weights for the same seed and others for another", () => {
    const dims = { userDim: 8, dim: 4, denseDim: 0 };
    const [a, b] = [createModel(mlp, dims), createModel(mlp, dims)];
    expect(a.layers).toEqual(b.layers);
    const other = createModel({ ...mlp, seed: 4 }, dims);
    expect(other.layers[0]!.weights).not.toEqual(a.layers[0]!.weights);
  });

  it("shapes the tower as stated: ReLU between the layers, heads x dim at the end", () => {
    const { layers } = createModel(mlp, { userDim: 8, dim: 4, denseDim: 0 });
    expect(layers.map(({ inDim, outDim, relu }) => [inDim, outDim, relu])).toEqual([
      [8, 32, true],
      [32, 16, true],
      [16, 12, false],
    ]);
    for (const { weights, bias, inDim, outDim } of layers) {
      expect(weights).toHaveLength(inDim * outDim);
      expect(bias).toEqual(new Float32Array(outDim));
    }
  });

  it("draws Gaussian weights of variance 1 / fan-in", () => {
    const wide: ModelSpec = { ...mlp, tower: { kind: "mlp", hidden: [256] } };
    const { weights, inDim } = createModel(wide, { userDim: 64, dim: 4, denseDim: 0 }).layers[0]!;
    const mean = weights.reduce((sum, w) => sum + w, 0) / weights.length;
    const variance = weights.reduce((sum, w) => sum + (w - mean) ** 2, 0) / weights.length;
    // 16,384 draws: the bounds are about 5 standard errors wide.
    expect(Math.abs(mean) * Math.sqrt(inDim)).toBeLessThan(0.04);
    expect(Math.abs(variance * inDim - 1)).toBeLessThan(0.06);
  });

  it("computes what the layers say", () => {
    const model = createModel(mlp, { userDim: 8, dim: 4, denseDim: 0 });
    const features = Float32Array.from({ length: 8 }, (_, i) => Math.sin(i + 1));
    let expected = [...features];
    for (const { weights, bias, inDim, outDim, relu } of model.layers) {
      const input = expected;
      expected = Array.from({ length: outDim }, (_, o) => {
        let sum = bias[o]!;
        for (let i = 0; i < inDim; i++) sum += input[i]! * weights[i * outDim + o]!;
        return relu ? Math.max(0, sum) : sum;
      });
    }
    const got = model.queryVectors(features);
    expect(got).toHaveLength(12);
    for (const [at, value] of expected.entries()) expect(got[at]).toBeCloseTo(value, 12);
  });

  it("refuses an identity tower that cannot fit", () => {
    expect(() => createModel(identity, { userDim: 3, dim: 4, denseDim: 0 })).toThrow(
      "an identity tower needs users and items of the same dimensions, they have 3 and 4",
    );
    expect(() =>
      createModel({ ...identity, heads: 2 }, { userDim: 4, dim: 4, denseDim: 0 }),
    ).toThrow("an identity tower has one head, not 2");
  });

  it("knows when the score alone is the value", () => {
    const dims = { userDim: 3, dim: 3, denseDim: 0 };
    const plain = createModel({ ...identity, value: " score " }, dims);
    expect(plain).toMatchObject({ scoreOnly: true, tasks: [], overArch: null, queryDim: 3 });
    expect(createModel({ ...identity, value: "2 * score" }, dims).scoreOnly).toBe(false);
    const ranked = createModel({ ...identity, overarch: "mol" }, dims);
    expect(ranked).toMatchObject({ scoreOnly: false, tasks: ["task"], queryDim: 0 });
  });

  it("refuses a formula with a mistake, and tasks that no formula can speak of", () => {
    const dims = { userDim: 3, dim: 3, denseDim: 0 };
    const create = (change: Partial<ModelSpec>): unknown =>
      createModel({ ...identity, overarch: "mol", ...change }, dims);
    expect(() => create({ value: "score +" })).toThrow("formula, character 8: expected");
    expect(() => create({ tasks: ["score"] })).toThrow(
      'is not score, AND, OR, NOT or IN; came "score"',
    );
    expect(() => create({ tasks: ["a b"] })).toThrow('came "a b"');
    expect(() => create({ tasks: ["a", "a"] })).toThrow('the task "a" is named twice');
    const many = Array.from({ length: 17 }, (_, at) => `t${at}`);
    expect(() => create({ tasks: many })).toThrow("expected at most 16 tasks, came 17");
  });

  it("refuses features of another length or that are no numbers", () => {
    const model = createModel(identity, { userDim: 3, dim: 3, denseDim: 0 });
    expect(() => model.queryVectors(new Float32Array(2))).toThrow(
      "user features: expected 3 numbers, got 2",
    );
    expect(() => model.queryVectors(Float32Array.of(0, NaN, 0))).toThrow(
      "user features: expected finite numbers, got NaN at position 1",
    );
  });
});
