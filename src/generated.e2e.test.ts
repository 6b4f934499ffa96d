import { execFile } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openTestDevice } from "../silvertorch/device/gpu.fixture.ts";
import { builtFile } from "./process/built-file.ts";
import { resultSchema } from "./result/schema.ts";

const found = await openTestDevice();
await found?.[Symbol.asyncDispose]();

/** As paper-80m, so small that a processor can play its card. */
const SCENARIO = `
schema: silverbench.scenario/1
name: generated-e2e
dataset: { kind: generated, items: 12800, dim: 32, clusters: 20, users: 100 }
model:
  heads: 2
  candidates: 100
  tower: { kind: mlp, hidden: [16] }
  overarch: mol
  mol: { userGroups: 2, itemGroups: 2, dim: 8, gateHidden: 8 }
  value: "sigmoid(task) * if(lang:en AND age_days <= 7, 1.2, 1)"
requests:
  distinct: 20
  scored: 10
  k: 50
  filters:
    - { template: "" }
    - { template: "lang:en AND (topic:music OR topic:{topic}) AND NOT creator:{creator} AND age_days <= 40" }
  exclude: 10
systems:
  model: { kind: index-as-model, settings: { engine: fused, allowSoftware: true, precision: int8, nprobe: 10, cachePrecision: float16, eligibility: bloom, bloom: { bits: 128 }, maxBatch: 2 } }
loads: { closed: { shape: closed, inFlight: 4, seconds: 1 } }
headline: { recall: 0.8 }
rounds: 1
warmUpSeconds: 1
gate: ["violations(model) == 0", "short(model) == 0"]
`;

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "silverbench-made-"));
  await writeFile(join(folder, "generated.yaml"), SCENARIO);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const run = (...words: string[]): Promise<{ stdout: string; stderr: string }> => {
  const main = builtFile(import.meta.url, "./cli/main.js");
  const env = { ...process.env, SILVERBENCH_CACHE: join(folder, "cache") };
  const args = [main, "run", join(folder, "generated.yaml"), ...words];
  return promisify(execFile)(process.execPath, args, { env });
};

describe.skipIf(found === null)("a run over items that the card makes for itself", () => {
  test("answers through the door what the oracle finds, and no file holds an item", async () => {
    const out = join(folder, "out");
    await run("--out", out);
    const text = await readFile(join(out, "result.json"), "utf8");
    const result = resultSchema.parse(JSON.parse(text));
    expect(result).toMatchObject({
      complete: true,
      dataset: { items: 12_800, requests: 20, scored: 10 },
    });
    const [point] = result.points;
    expect(point).toMatchObject({ verdict: "valid", violations: 0, short: 0, errors: 0 });
    expect(point!.recall).toBeGreaterThan(0.8);
    // Where the time goes on the card, by its own clock. Whether a window has requests with a
    // filter, and others, is a matter of how many it has.
    const timed = Object.keys(point!.stages);
    expect(timed).toContain("fused.select");
    expect(timed.filter((stage) => stage.startsWith("fused.scan."))).not.toEqual([]);
    expect(result.doubts.map(({ text: told }) => told)).toContainEqual(
      expect.stringContaining("the oracle answered 10 of the 20 distinct requests"),
    );
    const datasets = join(folder, "cache", "datasets");
    const [name] = await readdir(datasets);
    const files = ["manifest.json", "user-features.f32", "user-ids.u64"];
    expect((await readdir(join(datasets, name!))).toSorted()).toEqual(files);
  });

  test("is refused to a mesh and to another engine, before anything is made", async () => {
    const refused = run("--set", "systems.model.settings.engine=onnx");
    await expect(refused).rejects.toMatchObject({
      code: 2,
      stderr: expect.stringContaining("only engine: fused makes generated items") as unknown,
    });
  });
});
