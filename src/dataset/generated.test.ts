import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { itemVectors } from "../retrieval/item-vectors.ts";
import type { ModelSpec } from "../retrieval/model-spec.ts";
import { computeTruth } from "../retrieval/oracle.ts";
import { scenarioSchema } from "../scenario/schema.ts";
import type { Dataset } from "./dataset.ts";
import { readDataset } from "./folder.ts";
import { generateRequests } from "./requests.ts";
import { resolveDataset } from "./resolve.ts";

const scenario = scenarioSchema.parse({
  schema: "silverbench.scenario/1",
  name: "generated",
  dataset: { kind: "generated", items: 3200, dim: 16, clusters: 10, users: 30 },
  requests: {
    distinct: 12,
    k: 20,
    exclude: 5,
    filters: [
      { template: "" },
      { template: "lang:{lang} AND age_days <= 30" },
      { template: "topic:{topic} OR NOT creator:{creator} AND price >= 1" },
    ],
  },
  systems: { none: { kind: "null" } },
  loads: { closed: { shape: "closed" } },
});
const quiet = { onProgress: () => {}, signal: new AbortController().signal };
const accepted = { verify: true, generated: "accept" } as const;

let cacheFolder = "";
let folder = "";
let dataset: Dataset;
beforeAll(async () => {
  cacheFolder = await mkdtemp(join(tmpdir(), "silverbench-generated-"));
  ({ folder } = await resolveDataset(scenario.dataset, 1, { cacheFolder, ...quiet }));
  dataset = await readDataset(folder, accepted);
});
afterAll(() => rm(cacheFolder, { recursive: true, force: true }));

describe("a generated dataset", () => {
  test("is a manifest and its users: no file holds an item", async () => {
    const files = ["manifest.json", "user-features.f32", "user-ids.u64"];
    expect((await readdir(folder)).toSorted()).toEqual(files);
    expect(dataset.catalogue.count).toBe(3200);
    expect(dataset.users.count).toBe(30);
  });

  test("is refused by whoever wants vectors of a file, saying what to use", async () => {
    await expect(readDataset(folder, { verify: false })).rejects.toMatchObject({
      code: "DATA",
      message: expect.stringContaining("generated from their rows") as unknown,
    });
  });

  test("has attributes as its columns promise", () => {
    const { columns } = dataset.catalogue;
    expect(columns.map(({ name }) => name)).toEqual([
      "lang",
      "topic",
      "creator",
      "age_days",
      "price",
      "u",
    ]);
    const [lang, topic, , age, price] = columns;
    if (lang?.kind !== "categorical" || topic?.kind !== "categorical") throw new Error("columns");
    if (age?.kind !== "numeric" || price?.kind !== "numeric") throw new Error("columns");
    const share = (is: (row: number) => boolean): number =>
      Array.from({ length: 3200 }, (_, row) => row).filter(is).length / 3200;
    const isEn = (row: number): boolean => lang.vocabulary[lang.values[row]!] === "en";
    expect(share(isEn)).toBeCloseTo(0.45, 1);
    const topics = (row: number): number => topic.offsets[row + 1]! - topic.offsets[row]!;
    expect(share((row) => topics(row) === 2)).toBeCloseTo(0.43, 1);
    expect(share((row) => Number.isNaN(price.values[row]!))).toBeCloseTo(0.1, 1);
    expect(Math.max(...age.values)).toBe(63);
    const isRising = (row: number): boolean => {
      const [first, second] = topic.values.subarray(topic.offsets[row], topic.offsets[row + 1]);
      return first! < (second ?? Infinity);
    };
    expect(share(isRising)).toBe(1);
  });

  test.each<Partial<ModelSpec> & { readonly distinct: number }>([
    { distinct: 12, overarch: "none", value: "score" },
    { distinct: 12, overarch: "mol", value: "sigmoid(task) + 0.01 * default(age_days, 3)" },
    // So many that threads go over ranges of rows.
    { distinct: 500, overarch: "none", value: "score" },
    { distinct: 60, overarch: "mol", value: "task" },
  ])("has the truth of the same items in a file: $value of $distinct", async (given) => {
    const { distinct, ...ranking } = given;
    const { catalogue, users } = dataset;
    const { requests } = generateRequests({ ...scenario.requests, distinct }, 2, dataset);
    const stored = new Float64Array(3200 * 16);
    itemVectors(catalogue).fill(0, 3200, stored);
    const model: ModelSpec = {
      ...scenario.model,
      heads: 3,
      candidates: 50,
      tower: { kind: "mlp", hidden: [8] },
      mol: { userGroups: 2, itemGroups: 2, dim: 4, gateHidden: 4, temperature: 0.2 },
      seed: 3,
      ...ranking,
    };
    const options = { users, model, requests, threads: 2, ...quiet };
    const truth = await computeTruth({ ...options, catalogue });
    const { generated: _, ...rest } = catalogue;
    const inFile = { ...rest, embeddings: Float32Array.from(stored) };
    expect(truth).toEqual(await computeTruth({ ...options, catalogue: inFile }));
  });
});
