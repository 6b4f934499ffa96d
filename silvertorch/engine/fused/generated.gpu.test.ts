import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Dataset } from "../../../src/dataset/dataset.ts";
import { readDataset } from "../../../src/dataset/folder.ts";
import { generateRequests } from "../../../src/dataset/requests.ts";
import { resolveDataset } from "../../../src/dataset/resolve.ts";
import { AnswerScorer } from "../../../src/measure/recall.ts";
import { itemVectors } from "../../../src/retrieval/item-vectors.ts";
import type { ModelSpec } from "../../../src/retrieval/model-spec.ts";
import { computeTruth } from "../../../src/retrieval/oracle.ts";
import { scenarioSchema } from "../../../src/scenario/schema.ts";
import { Artifact } from "../../compile/artifact.ts";
import { compileGenerated } from "../../compile/compile-generated.ts";
import type { EligibilitySettings } from "../../compile/manifest.ts";
import { GpuDevice } from "../../device/gpu-device.ts";
import { openTestDevice } from "../../device/gpu.fixture.ts";
import { RequestReader } from "../request-reader.ts";
import { FusedEngine } from "./fused-engine.ts";
import { copied } from "./answers.ts";
import { LANES } from "./fused-model.ts";
import { generateIndex } from "./generate-index.ts";
import { openModel } from "./open-model.ts";

const found = await openTestDevice();
await found?.[Symbol.asyncDispose]();

const scenario = scenarioSchema.parse({
  schema: "silverbench.scenario/1",
  name: "generated",
  // 20 dimensions: the last vector of codes is filled up with zeros.
  dataset: { kind: "generated", items: 2560, dim: 20, clusters: 8, users: 30 },
  requests: {
    distinct: 24,
    k: 30,
    exclude: 5,
    filters: [
      { template: "" },
      { template: "lang:{lang} AND age_days <= 30" },
      { template: "topic:{topic} OR topic:{topic}" },
      { template: "NOT creator:{creator} AND NOT price >= 3" },
    ],
  },
  systems: { none: { kind: "null" } },
  loads: { closed: { shape: "closed" } },
});
const quiet = { onProgress: () => {}, signal: new AbortController().signal };

let scratch = "";
let dataset: Dataset;
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), "silverbench-generated-"));
  const options = { cacheFolder: scratch, ...quiet };
  const { folder } = await resolveDataset(scenario.dataset, 1, options);
  dataset = await readDataset(folder, { verify: true, generated: "accept" });
});
afterAll(() => rm(scratch, { recursive: true, force: true }));

const byScore: ModelSpec = {
  heads: 3,
  candidates: 60,
  tower: { kind: "mlp", hidden: [16] },
  overarch: "none",
  value: "score",
  seed: 3,
};
const ranked: ModelSpec = {
  ...byScore,
  overarch: "mol",
  tasks: ["click", "watch"],
  mol: { userGroups: 3, itemGroups: 2, dim: 6, gateHidden: 8, temperature: 0.2 },
  value:
    "sigmoid(click) * if(topic IN (music, pop) OR lang:de, 1.2, 1) + 0.3 * watch - 0.01 * default(price, 2)",
};
// Narrow signatures: the check has work to do.
const bloom = { kind: "bloom", hashes: 2, width: { bits: 40 }, exact: true } as const;
const exact = { kind: "exact" } as const;

async function artifactOf(
  name: string,
  model: ModelSpec,
  eligibility: EligibilitySettings,
): Promise<Artifact> {
  const folder = join(scratch, name);
  const { users } = dataset;
  const settings = { precision: "int8", scale: "perItem", clusters: "auto", eligibility } as const;
  const generated = dataset.catalogue.generated!;
  await compileGenerated({ dataset, generated, users, model, settings, folder });
  return await Artifact.open(folder, { verify: true });
}

describe.skipIf(found === null)("generated items on a device", () => {
  test("have the codes and scales that the host computes, in parts as whole", async () => {
    const artifact = await artifactOf("codes", byScore, exact);
    await using device = await GpuDevice.open({ allowSoftware: true, timestamps: false });
    const items = dataset.catalogue.generated!;
    const index = await generateIndex(device, artifact, items, 80_000);
    expect(index.parts.length).toBeGreaterThan(1);
    const scales = new Float32Array(await device.read(index.scales));
    const expected = new Float64Array(2560 * 20);
    itemVectors(dataset.catalogue).fill(0, 2560, expected);
    const wrong: string[] = [];
    for (const { codes, firstCluster } of index.parts) {
      const held = new Int8Array(await device.read(codes));
      const first = firstCluster * 320;
      for (let at = 0; at < held.length; at++) {
        const [item, d] = [first + Math.floor(at / 32), at % 32];
        const wanted = d < 20 ? expected[item * 20 + d]! : 0;
        if (held[at]! * scales[item]! !== wanted) wrong.push(`item ${item}, ${d}: ${held[at]}`);
      }
    }
    expect(wrong).toEqual([]);
  });

  test.each([
    { name: "by score, exact bitmaps", model: byScore, eligibility: exact, probes: 3 },
    { name: "ranked, signatures", model: ranked, eligibility: bloom, probes: "all" },
  ] as const)("are answered as the oracle does: $name", async (given) => {
    const { model, eligibility, probes, name } = given;
    const artifact = await artifactOf(name.replaceAll(/\W+/g, "-"), model, eligibility);
    const device = await GpuDevice.open({ allowSoftware: true, timestamps: false });
    const opened = await openModel(device, artifact, {
      bindingBytes: 80_000,
      cachePrecision: "float16",
    });
    const { clusters, width } = opened;
    const runner = {
      clusters,
      width,
      lanes: LANES,
      devices: [],
      run: (batch: Parameters<typeof opened.run>[0]) => opened.run(batch, copied),
      [Symbol.asyncDispose]: () => opened[Symbol.asyncDispose](),
    };
    await using engine = new FusedEngine(runner, artifact.manifest, { probes });
    const reader = await RequestReader.open(artifact);
    const { requests } = generateRequests(scenario.requests, 2, dataset);
    const asked = { ...dataset, model, requests };
    const truth = await computeTruth({ ...asked, threads: 1, ...quiet });
    const scorer = new AnswerScorer({ ...asked, truth });
    const answers = await engine.answer(requests.map((request) => reader.read(request)));
    const recalls = answers.map(({ rows }, at) => {
      const { recall, ...faults } = scorer.score(at, reader.idsOf(rows));
      expect(faults).toEqual({ violations: 0, short: 0, duplicates: 0, unknown: 0 });
      return recall;
    });
    const mean = recalls.reduce((sum, each) => sum + each, 0) / recalls.length;
    expect(mean).toBeGreaterThan(probes === "all" ? 0.97 : 0.6);
  });
});
