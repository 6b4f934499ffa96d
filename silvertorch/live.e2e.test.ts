import { cp, mkdtemp, readdir, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import type { Dataset } from "../src/dataset/dataset.ts";
import { foldedCatalogue } from "../src/dataset/folded-catalogue.ts";
import { readDataset } from "../src/dataset/folder.ts";
import { resolveDataset } from "../src/dataset/resolve.ts";
import { connectAdmin, type AdminClient } from "../src/door/admin-service.ts";
import { connectDoor, type DoorClient } from "../src/door/client.ts";
import { AnswerScorer } from "../src/measure/recall.ts";
import type { LiveItem } from "../src/retrieval/live-item.ts";
import type { ModelSpec } from "../src/retrieval/model-spec.ts";
import { computeTruth } from "../src/retrieval/oracle.ts";
import type { Answer, RetrievalRequest } from "../src/retrieval/request.ts";
import { scenarioSchema } from "../src/scenario/schema.ts";
import { indexAsModelSettings } from "../src/scenario/settings.ts";
import type { DatasetLocation, System } from "../src/system.ts";
import { ARTIFACT_SCHEMA } from "./compile/manifest.ts";
import { startIndexAsModel } from "./system.ts";

const DIM = 16;
const scenario = scenarioSchema.parse({
  schema: "silverbench.scenario/1",
  name: "live-e2e",
  dataset: { kind: "synthetic", items: 3000, dim: DIM, users: 50 },
  requests: { distinct: 50, k: 20 },
  systems: { model: { kind: "index-as-model" } },
  loads: { closed: { shape: "closed" } },
});
const towerOf = (seed: number): ModelSpec => ({
  ...scenario.model,
  seed,
  tower: { kind: "mlp", hidden: [24] },
});

const quiet = { onProgress: () => {}, signal: new AbortController().signal };
const inTime = { timeoutMs: 30_000 };
let cacheFolder: string;
let location: DatasetLocation;
let dataset: Dataset;
let system: System;
let door: DoorClient;
let admin: AdminClient;

beforeAll(async () => {
  cacheFolder = await mkdtemp(join(tmpdir(), "silverbench-live-"));
  location = await resolveDataset(scenario.dataset, 1, { cacheFolder, ...quiet });
  dataset = await readDataset(location.folder, { verify: false });
});
afterAll(() => rm(cacheFolder, { recursive: true, force: true }));

const start = (model: ModelSpec, settings: object = {}): Promise<System> =>
  startIndexAsModel({
    name: "model",
    dataset: location,
    model,
    settings: indexAsModelSettings.parse(settings),
    cpus: null,
    cacheFolder,
    ...quiet,
  });

beforeEach(async () => {
  system = await start(towerOf(1));
  door = connectDoor(system.address);
  admin = connectAdmin(system.adminAddress!);
});
afterEach(async () => {
  door.close();
  admin.close();
  await system[Symbol.asyncDispose]();
});

const artifacts = async (): Promise<string[]> =>
  (await readdir(join(cacheFolder, "artifacts"))).map((name) =>
    join(cacheFolder, "artifacts", name),
  );

/** The folder of another model's artifact over the same items. */
async function otherArtifact(seed: number): Promise<string> {
  const before = await artifacts();
  const other = await start(towerOf(seed));
  await other[Symbol.asyncDispose]();
  return (await artifacts()).find((folder) => !before.includes(folder))!;
}

/** Asked by vector, so that the best item is the one most alike. */
const alike = (vector: Float32Array, change: Partial<RetrievalRequest> = {}): RetrievalRequest => ({
  user: { kind: "vectors", vectors: vector },
  k: 5,
  filter: "",
  exclude: new Float64Array(0),
  ...change,
});
const vector = Float32Array.from({ length: DIM }, (_, at) => (at % 2 === 0 ? 9 : -9));
const fresh = (id: number, attributes: LiveItem["attributes"] = new Map()): LiveItem => ({
  id,
  embedding: vector,
  dense: new Float32Array(dataset.catalogue.denseDim),
  attributes,
});
const ask = (change: Partial<RetrievalRequest> = {}): Promise<Answer> =>
  door.retrieve(alike(vector, change), inTime);

test("10,000 requests during 20 swaps: none fails, and the answers change", async () => {
  const [first] = await artifacts();
  const folders = [await otherArtifact(2), first!];
  const request: RetrievalRequest = {
    ...alike(vector),
    user: { kind: "id", id: dataset.users.ids[0]! },
  };
  const answers = new Map<string, number>();
  const swapped = new AbortController();
  let asked = 0;
  let answered = 0;
  let awaited = { count: 0, tell: (): void => {} };
  const caller = async (): Promise<void> => {
    while (!swapped.signal.aborted) {
      asked++;
      const { ids } = await door.retrieve(request, inTime);
      answers.set(ids.join(), (answers.get(ids.join()) ?? 0) + 1);
      if (++answered >= awaited.count) awaited.tell();
    }
  };
  const callers = Promise.all(Array.from({ length: 16 }, caller));
  const answersReach = (count: number): Promise<unknown> =>
    Promise.race([callers, new Promise<void>((tell) => (awaited = { count, tell }))]);
  for (let turn = 0; turn < 20; turn++) {
    // So that the swaps are among the requests, however fast either is.
    await answersReach((10_000 * turn) / 20);
    await admin.swap(folders[turn % 2]!);
  }
  await answersReach(10_000);
  swapped.abort();
  await callers;
  // Just the answers of the two artifacts, and none of a mixture.
  expect(answers.size).toBe(2);
  const { counters } = await door.stats();
  expect(counters.get("model.swaps")).toBe(20);
  expect(counters.get("door.answers")).toBe(asked);
});

test("an artifact that is not there, cut short, altered or of another version is refused with its reason, and changes nothing", async () => {
  const before = await ask();
  const [sound] = await artifacts();
  const refused = async (
    file: string,
    reason: string,
    harm: (path: string) => Promise<void>,
  ): Promise<void> => {
    const folder = await mkdtemp(join(cacheFolder, "harmed-"));
    await cp(sound!, folder, { recursive: true });
    await harm(join(folder, file));
    await expect(admin.swap(folder)).rejects.toMatchObject({
      code: "DATA",
      where: join(folder, file),
      message: expect.stringContaining(reason) as string,
    });
  };
  await refused("manifest.json", "there is no artifact", (path) => rm(path));
  await refused("model.onnx.data", "bytes instead of", (path) => truncate(path, 1000));
  await refused("model.onnx.data", "its hash differs", async (path) => {
    const bytes = await readFile(path);
    bytes[bytes.length >> 1]! ^= 1;
    await writeFile(path, bytes);
  });
  await refused("manifest.json", 'the artifact is "silverbench.artifact/0"', async (path) => {
    const text = await readFile(path, "utf8");
    await writeFile(path, text.replace(ARTIFACT_SCHEMA, "silverbench.artifact/0"));
  });
  expect(await ask()).toEqual(before);
  expect((await door.stats()).counters.get("model.swaps")).toBe(0);
});

test("an upsert is seen by the next request, passes filters as it should, and survives a swap", async () => {
  const lang = dataset.catalogue.columns.find(({ name }) => name === "lang")!;
  const [value] = lang.kind === "categorical" ? lang.vocabulary : [];
  await admin.upsert([fresh(900_001, new Map([["lang", [value!]]])), fresh(900_002)]);
  expect([...(await ask()).ids].slice(0, 2)).toEqual([900_001, 900_002]);
  expect([...(await ask({ filter: `lang:${value}` })).ids]).toContain(900_001);
  expect([...(await ask({ filter: `lang:${value}` })).ids]).not.toContain(900_002);
  expect([...(await ask({ exclude: Float64Array.of(900_001) })).ids][0]).toBe(900_002);

  await admin.swap(await otherArtifact(3));
  expect([...(await ask()).ids].slice(0, 2)).toEqual([900_001, 900_002]);
  await admin.delete(Float64Array.of(900_001));
  expect([...(await ask()).ids][0]).toBe(900_002);
});

test("a deleted item is gone at once, and its place is taken", async () => {
  const before = await ask({ k: 6 });
  await admin.delete(before.ids.subarray(0, 5));
  const after = await ask();
  expect(after.ids).toHaveLength(5);
  expect(after.ids[0]).toBe(before.ids[5]);
  // All but one: asked for without the hidden ones.
  await admin.delete(dataset.catalogue.ids.subarray(1));
  expect([...(await ask()).ids]).toEqual([dataset.catalogue.ids[0]]);
});

test("a new version hides the compiled one", async () => {
  const { ids, values } = await ask();
  await admin.upsert([{ ...fresh(ids[0]!), embedding: vector.map((x) => 2 * x) }]);
  const after = await ask();
  expect(after.ids[0]).toBe(ids[0]);
  expect(after.values[0]).toBeGreaterThan(values[0]!);
  expect(new Set(after.ids).size).toBe(5);
});

test("an item that does not fit is refused, and none of its call is taken", async () => {
  const wrong = { ...fresh(900_002), embedding: new Float32Array(3) };
  await expect(admin.upsert([fresh(900_001), wrong])).rejects.toMatchObject({
    code: "BAD_INPUT",
    where: "items[1].embedding",
  });
  expect([...(await ask()).ids]).not.toContain(900_001);
});

const ranked: ModelSpec = {
  ...towerOf(1),
  heads: 2,
  candidates: 60,
  overarch: "mol",
  tasks: ["click"],
  mol: { userGroups: 4, itemGroups: 2, dim: 8, gateHidden: 16, temperature: 0.5 },
  // No compiled item has the topic unheard.
  value: "click * if(topic:unheard, 2, 1) + default(price, 0) / 100",
};

test("a model with an OverArch and a formula takes changes, too, and answers the same once they are folded", async () => {
  const folding = await start(ranked, { foldAfter: 100 });
  const { users, catalogue: built } = dataset;
  const rankedAdmin = connectAdmin(folding.adminAddress!);
  const rankedDoor = connectDoor(folding.address);
  const requests = Array.from({ length: 20 }, (_, at): RetrievalRequest => ({
    user: { kind: "id", id: users.ids[at]! },
    k: 20,
    filter: at % 2 === 0 ? "" : "topic:unheard OR price >= 20",
    exclude: Float64Array.of(900_000 + at, built.ids[at]!),
  }));
  const asked = (): Promise<Answer[]> =>
    Promise.all(requests.map((request) => rankedDoor.retrieve(request, inTime)));
  const all = new Map<number, LiveItem>();
  const upsert = async (ids: readonly number[]): Promise<void> => {
    const items = ids.map((id, at): LiveItem => {
      const near = (id * 7) % built.count;
      const embedding = built.embeddings.slice(near * DIM, (near + 1) * DIM);
      const topics = new Map([["topic", at % 3 === 0 ? ["unheard"] : ["sport"]]]);
      return { ...fresh(id, topics), embedding: embedding.map((value) => 1.2 * value) };
    });
    await rankedAdmin.upsert(items);
    for (const item of items) all.set(item.id, item);
  };
  const deleted = built.ids.slice(100, 110);
  try {
    await rankedAdmin.delete(deleted);
    await upsert([...built.ids.subarray(90, 110), ...idsFrom(900_000, 20)]);
    await rankedAdmin.delete(deleted);
    for (const id of deleted) all.delete(id);
    const { counters } = await rankedDoor.stats();
    expect(counters.get("model.fresh_slots")).toBe(40);
    expect(counters.get("model.hidden_items")).toBe(20);
    await upsert(idsFrom(910_000, 40));
    const before = await asked();
    const catalogue = foldedCatalogue(built, { items: [...all.values()], deleted });
    const given = { catalogue, users, model: ranked, requests };
    const truth = await computeTruth({ ...given, threads: 1, ...quiet });
    const scorer = new AnswerScorer({ ...given, truth });
    for (const [at, answer] of before.entries()) {
      const flawless = { recall: 1, violations: 0, short: 0, duplicates: 0, unknown: 0 };
      expect(scorer.score(at, answer.ids)).toEqual(flawless);
    }
    expect(before.flatMap((answer) => [...answer.ids]).filter((id) => id >= 900_000)).not.toEqual(
      [],
    );
    const folds = async (): Promise<number> =>
      (await rankedDoor.stats()).counters.get("model.folds")!;
    while ((await folds()) === 0) await new Promise((r) => setTimeout(r, 100));
    const after = await asked();
    expect(after.map((answer) => answer.ids)).toEqual(before.map((answer) => answer.ids));
  } finally {
    rankedDoor.close();
    rankedAdmin.close();
    await folding[Symbol.asyncDispose]();
  }
});

const idsFrom = (first: number, count: number): number[] =>
  Array.from({ length: count }, (_, at) => first + at);

test("many changes are folded into a new artifact while it serves; later ones stay fresh", async () => {
  const folding = await start(towerOf(1), { foldAfter: 40 });
  const foldingAdmin = connectAdmin(folding.adminAddress!);
  const foldingDoor = connectDoor(folding.address);
  const counterOf = async (name: string): Promise<number> =>
    (await foldingDoor.stats()).counters.get(name)!;
  try {
    const gone = dataset.catalogue.ids.subarray(0, 10);
    await foldingAdmin.delete(gone);
    const items = Array.from({ length: 40 }, (_, at) => fresh(900_000 + at));
    await foldingAdmin.upsert(items);
    await foldingAdmin.upsert([fresh(910_000)]);
    while ((await counterOf("model.folds")) === 0) await new Promise((r) => setTimeout(r, 100));
    expect(await counterOf("model.fresh_slots")).toBeLessThanOrEqual(1);
    expect(await counterOf("model.failed_folds")).toBe(0);
    const { ids } = await foldingDoor.retrieve(alike(vector, { k: 3000 }), inTime);
    expect([...ids.subarray(0, 41)]).toEqual([...items.map(({ id }) => id), 910_000]);
    expect([...ids].filter((id) => gone.includes(id))).toEqual([]);
    // The same process folds again, what it folded before.
    const later = Array.from({ length: 40 }, (_, at) => fresh(920_000 + at));
    await foldingAdmin.upsert(later);
    while ((await counterOf("model.folds")) < 2) await new Promise((r) => setTimeout(r, 100));
    expect(await counterOf("model.fresh_slots")).toBe(0);
    const again = await foldingDoor.retrieve(alike(vector, { k: 81 }), inTime);
    const all = [...items, fresh(910_000), ...later];
    expect([...again.ids]).toEqual(all.map(({ id }) => id));
  } finally {
    foldingDoor.close();
    foldingAdmin.close();
    await folding[Symbol.asyncDispose]();
  }
  expect((await artifacts()).filter((name) => name.includes(".tmp-"))).toEqual([]);
});

test("an artifact that is swapped in while changes are folded stays, with the changes", async () => {
  const other = await otherArtifact(4);
  // Of a model that probes, whose plans of filters tell of its own clusters.
  const folding = await start(towerOf(1), { foldAfter: 40, nlist: 8, nprobe: 2 });
  const foldingAdmin = connectAdmin(folding.adminAddress!);
  const foldingDoor = connectDoor(folding.address);
  const user = { kind: "id", id: dataset.users.ids[1]! } as const;
  const request = { ...alike(vector, { filter: "lang:en" }), user };
  const answer = (): Promise<Answer> => foldingDoor.retrieve(request, inTime);
  const foldsEnded = async (): Promise<number> => {
    const { counters } = await foldingDoor.stats();
    return counters.get("model.folds")! + counters.get("model.abandoned_folds")!;
  };
  try {
    const before = await answer();
    await foldingAdmin.delete(dataset.catalogue.ids.subarray(0, 10));
    await foldingAdmin.upsert(Array.from({ length: 40 }, (_, at) => fresh(900_000 + at)));
    await foldingAdmin.swap(other);
    const swapped = await answer();
    expect(swapped.values).not.toEqual(before.values);
    while ((await foldsEnded()) === 0) await new Promise((r) => setTimeout(r, 50));
    expect(await answer()).toEqual(swapped);
    const { counters } = await foldingDoor.stats();
    expect(counters.get("model.failed_folds")).toBe(0);
    expect(counters.get("model.fresh_slots")).toBe(40);
  } finally {
    foldingDoor.close();
    foldingAdmin.close();
    await folding[Symbol.asyncDispose]();
  }
});
