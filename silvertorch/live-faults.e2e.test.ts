import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { resolveDataset } from "../src/dataset/resolve.ts";
import { type AdminClient, connectAdmin } from "../src/door/admin-service.ts";
import { connectDoor, type DoorClient } from "../src/door/client.ts";
import type { LiveItem } from "../src/retrieval/live-item.ts";
import type { RetrievalRequest } from "../src/retrieval/request.ts";
import { scenarioSchema } from "../src/scenario/schema.ts";
import { indexAsModelSettings } from "../src/scenario/settings.ts";
import type { DatasetLocation, System } from "../src/system.ts";
import { startIndexAsModel } from "./system.ts";

const DIM = 8;
const scenario = scenarioSchema.parse({
  schema: "silverbench.scenario/1",
  name: "live-faults-e2e",
  dataset: { kind: "synthetic", items: 500, dim: DIM, users: 20 },
  systems: { model: { kind: "index-as-model" } },
  loads: { closed: { shape: "closed" } },
});

const quiet = { onProgress: () => {}, signal: new AbortController().signal };
let cacheFolder: string;
let location: DatasetLocation;

beforeAll(async () => {
  cacheFolder = await mkdtemp(join(tmpdir(), "silverbench-live-faults-"));
  location = await resolveDataset(scenario.dataset, 1, { cacheFolder, ...quiet });
});
afterAll(() => rm(cacheFolder, { recursive: true, force: true }));

const start = (seed: number, foldAfter: number): Promise<System> =>
  startIndexAsModel({
    name: "model",
    dataset: location,
    model: { ...scenario.model, seed },
    settings: indexAsModelSettings.parse({ foldAfter }),
    cpus: null,
    cacheFolder,
    ...quiet,
  });

const artifacts = (): Promise<string[]> => readdir(join(cacheFolder, "artifacts"));

/** Nearer to `vector` than any item of the build; the earlier, the nearer. */
const vector = Float32Array.from({ length: DIM }, (_, at) => (at % 2 === 0 ? 9 : -9));
const fresh = (id: number, nearness: number): LiveItem => ({
  id,
  embedding: vector.map((x) => x * nearness),
  dense: new Float32Array(0),
  attributes: new Map(),
});
const request: RetrievalRequest = {
  user: { kind: "vectors", vectors: vector },
  k: 3,
  filter: "",
  exclude: new Float64Array(0),
};

/** What a request gets, which may be the code of an error while the model is away: or ids. */
async function ask(door: DoorClient, timeoutMs = 30_000): Promise<string> {
  try {
    const { ids } = await door.retrieve(request, { timeoutMs });
    return ids.join();
  } catch (error) {
    return (error as { code: string }).code;
  }
}

/** For one that may not come. */
const SOON_MS = 2_000;

/** Kills the model in mid-load; it is back once this resolves. @returns every outcome meanwhile. */
async function killed(system: System, door: DoorClient): Promise<Set<string>> {
  const undo = await system.inflict!({ service: "model", kind: "kill", delayMs: 0 });
  const outcomes = new Set([await ask(door, SOON_MS)]);
  const back = undo();
  while ((await Promise.race([back, sleep(20, "away")])) === "away") {
    outcomes.add(await ask(door, SOON_MS));
  }
  while (["UNAVAILABLE", "DEADLINE"].includes(await ask(door, SOON_MS))) await sleep(20);
  for (let n = 0; n < 5; n++) outcomes.add(await ask(door));
  return outcomes;
}

const answersOf = (outcomes: Set<string>): string[] =>
  [...outcomes].filter((outcome) => !["UNAVAILABLE", "DEADLINE"].includes(outcome));

async function reach<T>(
  system: System,
  use: (door: DoorClient, admin: AdminClient) => Promise<T>,
): Promise<T> {
  const door = connectDoor(system.address);
  const admin = connectAdmin(system.adminAddress!);
  try {
    return await use(door, admin);
  } finally {
    door.close();
    admin.close();
  }
}

test("a model that is killed after changes comes back with them, where it was; folded ones and another artifact, too", async () => {
  await (await start(2, 20))[Symbol.asyncDispose]();
  const [other] = await artifacts();
  const system = await start(1, 20);
  await reach(system, async (door, admin) => {
    await admin.upsert([fresh(901, 3), fresh(902, 2), fresh(903, 4), fresh(902, 5)]);
    await admin.delete(Float64Array.of(903));
    const [first] = (await door.retrieve({ ...request, k: 5 }, { timeoutMs: 5_000 })).ids.slice(2);
    await admin.delete(Float64Array.of(first!));
    const now = await ask(door);
    expect(now).toMatch(/^902,901,/);
    expect(now).not.toContain(`,${first}`);

    // So many that they are compiled into an artifact of the process's own, which is then gone.
    await admin.upsert(Array.from({ length: 20 }, (_, at) => fresh(910 + at, 0)));
    while ((await door.stats()).counters.get("model.folds") === 0) await sleep(50);
    await admin.upsert([fresh(904, 7)]);
    const later = "904,902,901";
    expect(await ask(door)).toBe(later);
    expect(answersOf(await killed(system, door))).toEqual([later]);

    // Folded or not, the changes hold for another artifact too.
    await admin.swap(join(cacheFolder, "artifacts", other!));
    await admin.delete(Float64Array.of(904));
    expect(await ask(door)).toBe(now);
    expect(answersOf(await killed(system, door))).toEqual([now]);
    await admin.upsert([fresh(905, 9)]);
    expect(await ask(door)).toBe("905,902,901");
  });
  await system[Symbol.asyncDispose]();
  expect((await artifacts()).filter((name) => name.includes(".tmp-"))).toEqual([]);
});
