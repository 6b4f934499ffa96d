import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { generatedItems } from "../../src/retrieval/generated/generated-items.ts";
import type { ModelSpec } from "../../src/retrieval/model-spec.ts";
import { Artifact } from "./artifact.ts";
import { compileGenerated, type GeneratedOptions } from "./compile-generated.ts";

let scratch = "";
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), "silverbench-generated-"));
});
afterAll(() => rm(scratch, { recursive: true, force: true }));

const generated = generatedItems({
  seed: 1,
  items: 64_000_000,
  dim: 8,
  clusters: 4000,
  noise: 0.5,
});
const model: ModelSpec = {
  heads: 1,
  candidates: 10,
  tower: { kind: "identity" },
  overarch: "mol",
  mol: { userGroups: 2, itemGroups: 2, dim: 4, gateHidden: 4, temperature: 0.1 },
  value: "task",
  seed: 3,
};

const optionsFor = (name: string, change: Partial<GeneratedOptions> = {}): GeneratedOptions => ({
  dataset: { name: "made", hash: "made" },
  generated,
  users: { count: 1, dim: 8, ids: Float64Array.of(7), features: new Float32Array(8) },
  model,
  settings: {
    precision: "int8",
    scale: "perItem",
    clusters: "auto",
    eligibility: { kind: "bloom", hashes: 5, width: { bits: 1024 }, exact: true },
  },
  folder: join(scratch, name),
  ...change,
});

describe("an artifact of generated items", () => {
  test("holds the model and the users, whatever the number of items", async () => {
    const options = optionsFor("whole");
    await compileGenerated(options);
    const artifact = await Artifact.open(options.folder, { verify: true });
    expect(artifact.bytes).toBeLessThan(100_000);
    expect(artifact.manifest).toMatchObject({ items: 64_000_000, clusters: 4000, checked: true });
    // All items, signatures, and the numbers of three columns.
    expect(artifact.manifest.bitmapRows).toBe(1 + 1024 + 64 + 31 + 64);
  });

  test.each<[string, Partial<GeneratedOptions["settings"]>, Partial<ModelSpec>, RegExp]>([
    ["float32 items", { precision: "float32" }, {}, /8-bit codes, came float32/],
    ["other clusters", { clusters: 30 }, {}, /lie in 4000 clusters, came 30/],
    ["folded filters", { eligibility: { kind: "folded" } }, {}, /folding is for engine: onnx/],
    ["an MLP", {}, { overarch: "mlp" }, /mol or none, came mlp/],
    ["a formula of columns that are not there", {}, { value: "task + likes" }, /likes/],
  ])("is refused for %s", async (name, settings, spec, message) => {
    const whole = optionsFor(name);
    const options = {
      ...whole,
      settings: { ...whole.settings, ...settings },
      model: { ...model, ...spec },
    };
    await expect(compileGenerated(options)).rejects.toThrow(message);
    expect(existsSync(options.folder)).toBe(false);
  });
});
