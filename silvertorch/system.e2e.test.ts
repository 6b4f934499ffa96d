import { existsSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Dataset } from "../src/dataset/dataset.ts";
import { readDataset } from "../src/dataset/folder.ts";
import { generateRequests, type RequestSet } from "../src/dataset/requests.ts";
import { resolveDataset } from "../src/dataset/resolve.ts";
import { connectDoor, type DoorClient } from "../src/door/client.ts";
import { AnswerScorer } from "../src/measure/recall.ts";
import type { ModelSpec } from "../src/retrieval/model-spec.ts";
import { computeTruth, type Truth } from "../src/retrieval/oracle.ts";
import { scenarioSchema } from "../src/scenario/schema.ts";
import { indexAsModelSettings } from "../src/scenario/settings.ts";
import type { DatasetLocation, System } from "../src/system.ts";
import { startIndexAsModel } from "./system.ts";

const scenario = scenarioSchema.parse({
  schema: "silverbench.scenario/1",
  name: "model-e2e",
  dataset: { kind: "synthetic", items: 5_000, dim: 16, users: 200 },
  requests: {
    distinct: 100,
    k: 50,
    exclude: 10,
    filters: [
      { weight: 2, template: "" },
      { weight: 2, template: "lang:{lang} AND age_days <= 30" },
      { weight: 1, template: "NOT (topic:{topic} OR price >= 20)" },
      { weight: 1, template: "country IN (us, gb) AND NOT creator:{creator}" },
      { weight: 1, template: "u < 60" },
    ],
  },
  systems: { model: { kind: "index-as-model" } },
  loads: { closed: { shape: "closed" } },
});
const oneHead: ModelSpec = { ...scenario.model, seed: 3 };
const threeHeads: ModelSpec = { ...oneHead, heads: 3, tower: { kind: "mlp", hidden: [24] } };

const quiet = { onProgress: () => {}, signal: new AbortController().signal };
let cacheFolder: string;
let location: DatasetLocation;
let dataset: Dataset;
let set: RequestSet;

beforeAll(async () => {
  cacheFolder = await mkdtemp(join(tmpdir(), "silverbench-model-"));
  location = await resolveDataset(scenario.dataset, 1, { cacheFolder, ...quiet });
  dataset = await readDataset(location.folder, { verify: false });
  set = generateRequests(scenario.requests, 2, dataset);
});
afterAll(() => rm(cacheFolder, { recursive: true, force: true }));

const start = (model: ModelSpec, settings: object = {}, from = cacheFolder): Promise<System> =>
  startIndexAsModel({
    name: "model",
    dataset: location,
    model,
    settings: indexAsModelSettings.parse(settings),
    cpus: null,
    cacheFolder: from,
    ...quiet,
  });

async function connected<T>(system: System, use: (door: DoorClient) => Promise<T>): Promise<T> {
  const door = connectDoor(system.address);
  try {
    return await use(door);
  } finally {
    door.close();
  }
}

function truthOf(model: ModelSpec): Promise<Truth> {
  const { catalogue, users } = dataset;
  return computeTruth({ catalogue, users, model, requests: set.requests, threads: 1, ...quiet });
}

/** Asks every request, and holds the answers against the oracle's. @returns how many there were. */
async function compareWithTheOracle(system: System, model: ModelSpec): Promise<number> {
  const { catalogue, users } = dataset;
  const truth = await truthOf(model);
  const scorer = new AnswerScorer({ catalogue, users, model, requests: set.requests, truth });
  return await connected(system, async (door) => {
    const answers = await Promise.all(
      set.requests.map((request) => door.retrieve(request, { timeoutMs: 30_000 })),
    );
    for (const [at, { ids, values }] of answers.entries()) {
      expect(scorer.score(at, ids)).toMatchObject({
        recall: 1,
        violations: 0,
        short: 0,
        duplicates: 0,
      });
      expect([...values]).toEqual([...values].toSorted((a, b) => b - a));
    }
    const stats = await door.stats();
    expect(stats.processes.map(({ role, pid }) => ({ role, pid }))).toEqual(system.processes);
    expect([...stats.stages.keys()]).toEqual(
      expect.arrayContaining(["model.plan", "model.queue", "model.run"]),
    );
    expect(stats.counters.get("requests")).toBe(set.requests.length);
    expect(stats.batchSizes).not.toBe("");
    return answers.length;
  });
}

describe("a model of one head", () => {
  let system: System;
  beforeAll(async () => {
    system = await start(oneHead);
  });
  afterAll(() => system[Symbol.asyncDispose]());

  it("answers every request as the oracle does", async () => {
    expect(await compareWithTheOracle(system, oneHead)).toBe(100);
  });

  it("says what is wrong with a request", () =>
    connected(system, async (door) => {
      const ask = (change: object): Promise<unknown> =>
        door.retrieve({ ...set.requests[0]!, ...change }, { timeoutMs: 5000 });
      await expect(ask({ user: { kind: "id", id: 999_999 } })).rejects.toMatchObject({
        code: "BAD_INPUT",
        message: expect.stringContaining("no user with the id 999999") as string,
      });
      await expect(ask({ filter: "colour:red" })).rejects.toMatchObject({
        code: "BAD_INPUT",
        message: expect.stringContaining('no column "colour"') as string,
      });
      // An empty filter result is an answer, not an error.
      await expect(ask({ filter: "lang:nowhere" })).resolves.toMatchObject({
        ids: new Float64Array(0),
      });
    }));

  it("reports the death of its process", async () => {
    process.kill(system.processes[0]!.pid, "SIGKILL");
    await expect(system.died).resolves.toMatchObject({ code: "INVALID", where: "model" });
  });
});

it("answers every request as the oracle does: three heads; leaves no process behind when it is disposed", async () => {
  const system = await start(threeHeads);
  expect(await compareWithTheOracle(system, threeHeads)).toBe(100);
  await system[Symbol.asyncDispose]();
  expect(() => process.kill(system.processes[0]!.pid, 0)).toThrow("ESRCH");
});

it("builds once, and starts from the cache after that", async () => {
  const fresh = join(cacheFolder, "fresh");
  const first = await start(oneHead, {}, fresh);
  await first[Symbol.asyncDispose]();
  const second = await start(oneHead, {}, fresh);
  await second[Symbol.asyncDispose]();
  expect(first.build.cached).toBe(false);
  expect(first.build.seconds).toBeGreaterThan(0);
  expect(second.build).toEqual({ seconds: 0, bytes: first.build.bytes, cached: true });
});

it("refuses a device that is not there before it builds anything", async ({ skip }) => {
  const from = join(cacheFolder, "no-device");
  const started = await start(oneHead, { device: "cuda" }, from).catch((error: unknown) => error);
  skip(!(started instanceof Error), "this machine has CUDA");
  expect(started).toMatchObject({
    code: "UNAVAILABLE",
    where: "device",
    message: expect.stringContaining("cuda cannot be used here") as string,
    hint: expect.stringContaining("device: cpu") as string,
  });
  expect(existsSync(from) ? await readdir(join(from, "artifacts")) : []).toEqual([]);
});

// Without a GPU, Chromium's software one plays it.
const SOFTWARE = "/usr/lib/chromium/vk_swiftshader_icd.json";
if (existsSync(SOFTWARE)) process.env["VK_ICD_FILENAMES"] ??= SOFTWARE;

it.runIf(process.env["VK_ICD_FILENAMES"] !== undefined)(
  "names what a device has no kernel for, and runs that on the processor where it may",
  async () => {
    // Few at a time, for each size of a batch is tried before it serves, or is refused.
    const few = { device: "webgpu", maxBatch: 4 };
    await expect(start(oneHead, few)).rejects.toMatchObject({
      code: "UNAVAILABLE",
      where: "device",
      message: expect.stringMatching(
        /the device webgpu does not run .*FusedMatMul \(.+\).*fell back to the CPU/,
      ) as string,
      hint: expect.stringContaining("allowFallback: true") as string,
    });
    const settings = { ...few, allowFallback: true, precision: "int8" };
    await using system = await start(oneHead, settings);
    expect(await compareWithTheOracle(system, oneHead)).toBe(100);
  },
);

it("spreads its door over processes, and counts them", async () => {
  await using system = await start(oneHead, { doorWorkers: 2 });
  expect(system.processes.map(({ role }) => role)).toEqual(["model", "door", "door"]);
  await connected(system, async (door) => {
    const answers = await Promise.all(
      set.requests.map((request) => door.retrieve(request, { timeoutMs: 30_000 })),
    );
    expect(answers).toHaveLength(set.requests.length);
    const stats = await door.stats();
    expect(stats.processes.map(({ role, pid }) => ({ role, pid }))).toEqual(system.processes);
  });
});

it("refuses an artifact that was altered or cut short, naming the file", async () => {
  const folder = join(cacheFolder, "damaged");
  await (await start(oneHead, {}, folder))[Symbol.asyncDispose]();
  const [artifact] = await readdir(join(folder, "artifacts"));
  const weights = join(folder, "artifacts", artifact!, "model.onnx.data");
  const bytes = await readFile(weights);
  const { length } = bytes;
  bytes[length >> 1]! ^= 1;
  await writeFile(weights, bytes);
  await expect(start(oneHead, {}, folder)).rejects.toMatchObject({
    code: "DATA",
    where: weights,
    message: expect.stringContaining("its hash differs") as string,
  });
  await truncate(weights, length - 1);
  await expect(start(oneHead, {}, folder)).rejects.toMatchObject({
    code: "DATA",
    where: weights,
    message: expect.stringContaining(`${length - 1} bytes instead of ${length}`) as string,
  });
});
